/*
 * What a kernel says about its wx_notebook, and what this page says to it.
 *
 * The kernel tells and the page listens: no code runs for that in the kernel, and a busy kernel is
 * not asked. (A message on a subshell would turn its status to "idle" below a running cell.) The
 * messages are those of a comm that nobody opens, so front ends without this extension ignore them.
 */

/** The target and the ID of the comm; `magics/lab_link.py` has the other end. */
const COMM = "wx_notebook.lab";
export const VERSION = new URL(".", import.meta.url).pathname.split("/").at(-2);

/** @type {WeakMap<any, Link>} */
const links = new WeakMap();
/** The links of the notebooks that are open. @type {Set<Link>} */
const openLinks = new Set();
/** @type {Set<(panel: any) => void>} */
const listeners = new Set();
/** @type {Set<(panel: any, cell: {cell_id: string, text: string}) => void>} */
const cellListeners = new Set();

/** Return the last that the kernel of a notebook said, null where it said nothing yet. */
export const saidBy = (panel) => (panel && links.get(panel)?.said) ?? null;

/** Call a function with the notebook whenever its kernel says something new, or is gone. */
export const onKernelSaid = (listener) => listeners.add(listener);

/** Call a function with each cell that the kernel puts below another one. */
export const onKernelCell = (listener) => cellListeners.add(listener);

/** Let each idle kernel look again who is signed in; a busy one does so after its cell. */
export const greetAll = () =>
  openLinks.forEach((link) => {
    if (link.said && !link.isRecalled && link.kernel?.status === "idle") void link.greet();
  });

class Link {
  constructor(panel, application, createMessage) {
    this.panel = panel;
    this.application = application;
    this.createMessage = createMessage;
    this.said = null;
    /** whether that was said to this tab before the page was loaded anew */
    this.isRecalled = false;
    /** the connection that knows this page */
    this.greeted = null;
    const { sessionContext } = panel;
    sessionContext.iopubMessage.connect((_, message) => this.hear(message));
    sessionContext.kernelChanged.connect(() => this.onKernel());
    sessionContext.statusChanged.connect((_, status) => this.onStatus(status));
    this.onKernel();
    this.onStatus(this.kernel?.status);
  }

  get kernel() {
    return this.panel.sessionContext.session?.kernel ?? null;
  }

  get memory() {
    return `wx-notebook:${this.kernel?.id}`;
  }

  /** A busy kernel is not asked, so a page that is loaded anew takes what the last one heard. */
  onKernel() {
    this.forget();
    const kept = this.kernel && sessionStorage.getItem(this.memory);
    if (!kept) return;
    this.tell(JSON.parse(kept));
    this.isRecalled = true;
  }

  onStatus(status) {
    if (["restarting", "autorestarting", "dead", "terminating"].includes(status)) {
      sessionStorage.removeItem(this.memory);
      this.forget();
    }
    this.greetIfIdle();
  }

  greetIfIdle() {
    const { kernel } = this;
    if (kernel?.status === "idle" && this.greeted !== kernel) void this.greet();
  }

  forget() {
    this.greeted = null;
    if (this.said) this.tell(null);
  }

  tell(said) {
    this.said = said;
    this.isRecalled = false;
    listeners.forEach((listener) => listener(this.panel));
  }

  hear(message) {
    if (message.header.msg_type !== "comm_msg" || message.content.comm_id !== COMM) return;
    const { line, cell } = message.content.data;
    // null: the kernel has unloaded it
    if (line !== undefined) {
      sessionStorage.setItem(this.memory, JSON.stringify(line));
      this.tell(line);
      // one that is loaded again has forgotten its pages
      if (line === null) this.greeted = null;
      // its status may be heard before what it said while it was busy
      this.greetIfIdle();
    }
    // in two browsers only the one that ran the cell gets the next one
    if (cell && message.parent_header.session === this.kernel?.clientId) {
      cellListeners.forEach((listener) => listener(this.panel, cell));
    }
  }

  /** Say to a kernel with wx_notebook that this page is there; it answers with what it has. */
  async greet() {
    const { kernel } = this;
    if (!kernel) return;
    if (this.isRecalled || !this.said) {
      // asked once: `%load_ext` may come later, and tells by itself
      if (this.asked === kernel) return;
      this.asked = kernel;
      const isThere = await hasComm(kernel);
      if (kernel !== this.kernel || this.greeted === kernel) return;
      if (!isThere) {
        if (this.isRecalled) this.tell(null);
        return;
      }
    }
    this.greeted = kernel;
    kernel.sendShellMessage(
      this.createMessage({
        msgType: "comm_msg",
        channel: "shell",
        session: kernel.clientId,
        username: kernel.username,
        content: {
          comm_id: COMM,
          data: { hello: { version: VERSION, application: this.application } },
        },
      }),
    );
  }
}

/** Whether wx_notebook is loaded in a kernel; some kernels that are just starting never answer. */
const hasComm = async (kernel) => {
  try {
    const reply = await kernel.requestCommInfo({ target_name: COMM });
    return COMM in (reply.content.comms ?? {});
  } catch {
    // it was restarted or has died in the meantime
    return false;
  }
};

/** @param {(name: string) => Promise<any>} shared */
export default async (shared) => {
  const [{ INotebookTracker }, { KernelMessage }] = await Promise.all(
    ["@jupyterlab/notebook", "@jupyterlab/services"].map(shared),
  );
  return {
    id: "wx-notebook:kernel-link",
    description: "Listens to what a kernel says about its wx_notebook.",
    autoStart: true,
    requires: [INotebookTracker],
    activate: (app, tracker) => {
      const application = `${app.name} ${app.version}`;
      tracker.widgetAdded.connect((_, panel) => {
        const link = new Link(panel, application, KernelMessage.createMessage);
        links.set(panel, link);
        openLinks.add(link);
        panel.disposed.connect(() => openLinks.delete(link));
      });
    },
  };
};
