/*
 * What this page asks our extension of the Jupyter server (`server/panel_handlers.py`): the sign-in
 * that it holds for all notebooks.
 */

/** @typedef {(content?: object, path?: string) => Promise<any>} Ask */

/**
 * Return a function that asks the server for its state, or sends it a request. Jupyter's cookie and
 * XSRF token go along.
 *
 * @param {(name: string) => Promise<any>} shared
 * @param {any} app
 * @returns {Promise<Ask>}
 */
export const serverOf = async (shared, app) => {
  const [{ ServerConnection }, { URLExt }] = await Promise.all(
    ["@jupyterlab/services", "@jupyterlab/coreutils"].map(shared),
  );
  const settings = app.serviceManager.serverSettings;
  return async (content, path = "sign-in") => {
    const url = URLExt.join(settings.baseUrl, "wx-notebook", path);
    const init = content ? { method: "POST", body: JSON.stringify(content) } : { method: "GET" };
    const reply = await ServerConnection.makeRequest(url, init, settings);
    if (!reply.ok) throw new ServerConnection.ResponseError(reply);
    return reply.json();
  };
};

/**
 * Return whether a sign-in at the server helps a kernel.
 *
 * @param {Ask} ask
 * @param {{account: string} | null} said what the kernel has said last
 */
export const helps = async (ask, said) => {
  // a kernel that has logged out takes no sign-in but its own
  if (said?.account === "out") return false;
  try {
    const { enabled, form } = await ask();
    // a kernel on another machine does not see that somebody is signed in
    const isUnseen = said?.account === "none" && Boolean(form?.view.line);
    return enabled && !isUnseen;
  } catch {
    // the server's extension is off, or an older one
    return false;
  }
};
