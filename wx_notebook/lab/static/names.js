/* The names of the commands, and of the type of an answer: what several parts refer to. */

/** `render/front_end.py` has it, too. */
export const ANSWER_TYPE = "application/vnd.wx-notebook.answer+json";

export const NEW_PROMPT = "wx-notebook:new-prompt";
export const EXPLAIN = "wx-notebook:explain";
export const OPEN_PANEL = "wx-notebook:open-panel";

export const ANSWER_COMMANDS = {
  copy: "wx-notebook:copy-answer",
  insert: "wx-notebook:insert-answer",
  again: "wx-notebook:ask-again",
  stop: "wx-notebook:stop",
};

export const KERNEL_COMMANDS = {
  signIn: "wx-notebook:sign-in",
  signOut: "wx-notebook:sign-out",
  project: "wx-notebook:project",
  model: "wx-notebook:model",
  usage: "wx-notebook:usage",
  check: "wx-notebook:check",
  doctor: "wx-notebook:doctor",
};
