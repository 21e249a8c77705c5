/*
 * The container that JupyterLab and Notebook 7 load: plain JavaScript, no build step.
 *
 * Jupyter serves these files with "immutable, for a year", so their folder carries the version
 * (`pyproject.toml`, `package.json`): after an upgrade no page runs old code. Each part is a module
 * with one plugin. A part that fails is left out, and the others run.
 */
(() => {
  const NAME = "wx-notebook";
  /** The modules of the plugins; each exports a function of `shared` that gives the plugin. */
  const PARTS = [
    "settings", "kernel_link", "prompt_cells", "linters", "answers", "errors", "generated_cells",
    "commands", "toolbar", "status_bar", "sign_in_panel",
  ]; // prettier-ignore
  const folder = new URL(".", document.currentScript.src).href;
  /** @type {Record<string, Record<string, any>>} */
  let scope = {};

  /**
   * Return a package that the application shares. JupyterLab 4.2 and 4.6 differ in all but this.
   *
   * @param {string} name
   */
  const shared = async (name) => {
    const versions = Object.values(scope[name] ?? {});
    const best =
      versions.find((one) => one.loaded) ?? versions.find((one) => one.eager) ?? versions[0];
    if (!best) throw new Error(`${NAME}: this application does not share ${name}`);
    return (await best.get())();
  };

  const plugins = async () => {
    const found = await Promise.allSettled(
      PARTS.map(async (part) => (await import(`${folder}${part}.js`)).default(shared)),
    );
    const failed = found.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    if (failed.length) console.error(`${NAME}: a part could not be loaded`, ...failed);
    return found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  };

  const addStyle = () => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = `${folder}style.css`;
    document.head.append(link);
  };

  const containers = (window._JUPYTERLAB ??= {});
  containers[NAME] = {
    init: (given) => {
      scope = given;
    },
    get: async (module) => {
      // what a factory returns must be an object: JupyterLab writes `__scope__` into it
      if (module === "./style") {
        return () => {
          addStyle();
          return {};
        };
      }
      const found = await plugins();
      return () => ({ __esModule: true, default: found });
    },
  };
})();
