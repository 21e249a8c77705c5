/* A text that was pasted into the key's field. Only values that are not secret are read from it. */

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ADDRESS = /https?:\/\/[^\s"'<>,;]+/i;
const KEY_NAME = /api[_ -]?key["']?\s*[=:]/i;
const REGION = /(?:^|[\s"'_])region["']?\s*[=:]\s*["']?([a-z]{2,3}-[a-z]{2,6}(?:-\d)?)/i;
const SCOPE_ID = {
  project: new RegExp(`project(?:s/|[_ -]?id["']?\\s*[=:]\\s*["']?)(${UUID})`, "i"),
  space: new RegExp(`space(?:s/|[_ -]?id["']?\\s*[=:]\\s*["']?)(${UUID})`, "i"),
};
/** Bytes; a file with a key is never larger. */
const MAX_FILE_BYTES = 1_000_000;

/**
 * What a text contains besides a key: an address or region, and a project. The key is not read.
 *
 * @param {string} text
 */
function parsePaste(text) {
  const trimmed = text.trim();
  const address = ADDRESS.exec(trimmed)?.[0] ?? "";
  const region = REGION.exec(trimmed)?.[1] ?? "";
  const project = SCOPE_ID.project.exec(trimmed)?.[1] ?? "";
  const space = project ? "" : (SCOPE_ID.space.exec(trimmed)?.[1] ?? "");
  const isAddress = address !== "" && address === trimmed;
  const hasKeyName = KEY_NAME.test(trimmed);
  // the kernel parses a text of several lines, or JSON, as a file
  const isFile = !isAddress && (trimmed.includes("\n") || trimmed.startsWith("{"));
  return { address, region, project, space, isAddress, hasKeyName, isFile };
}

/** The address without what follows its host: a query could contain a key. */
function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return "";
  }
}

/** A sentence on what a text contains, "" if it is only a key. */
function describePaste(parsed, fileName = "") {
  const parts = [];
  if (fileName) parts.push(string("pasted.file", { name: fileName }));
  else if (parsed.isFile && parsed.hasKeyName) parts.push(STRINGS["pasted.more"]);
  else if (parsed.hasKeyName) parts.push(STRINGS["pasted.key"]);
  const origin = originOf(parsed.address);
  if (origin) parts.push(string("pasted.address", { name: origin }));
  else if (parsed.region) parts.push(string("pasted.region", { name: parsed.region }));
  if (parsed.project) parts.push(STRINGS["pasted.project"]);
  if (parsed.space) parts.push(STRINGS["pasted.space"]);
  return parts.length ? string("pasted", { parts: parts.join(", ") }) : "";
}
