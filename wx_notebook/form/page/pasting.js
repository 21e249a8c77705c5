/* What was pasted where a key was asked for. Only what is no secret is taken out of it here. */

const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const AN_ADDRESS = /https?:\/\/[^\s"'<>,;]+/i;
const A_KEY_NAME = /api[_ -]?key["']?\s*[=:]/i;
const A_REGION = /(?:^|[\s"'_])region["']?\s*[=:]\s*["']?([a-z]{2,3}-[a-z]{2,6}(?:-\d)?)/i;
const OF = {
  project: new RegExp(`project(?:s/|[_ -]?id["']?\\s*[=:]\\s*["']?)(${UUID})`, "i"),
  space: new RegExp(`space(?:s/|[_ -]?id["']?\\s*[=:]\\s*["']?)(${UUID})`, "i"),
};
/** Larger is no file with a key. */
const LARGEST_FILE = 1_000_000;

/**
 * What a text says besides a key: where to, and which project. The key itself stays in it.
 *
 * @param {string} text
 */
function understood(text) {
  const trimmed = text.trim();
  const address = AN_ADDRESS.exec(trimmed)?.[0] ?? "";
  const region = A_REGION.exec(trimmed)?.[1] ?? "";
  const project = OF.project.exec(trimmed)?.[1] ?? "";
  const space = project ? "" : (OF.space.exec(trimmed)?.[1] ?? "");
  const onlyAddress = address !== "" && address === trimmed;
  const named = A_KEY_NAME.test(trimmed);
  // what has several lines, or is JSON, is read as a whole by the kernel
  const whole = !onlyAddress && (trimmed.includes("\n") || trimmed.startsWith("{"));
  return { address, region, project, space, onlyAddress, named, whole };
}

/** The address without what follows its host: a key could stand in a query. */
function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return "";
  }
}

/** A word about what was understood, "" where it was a key and nothing else. */
function wordOn(found, isFile = "") {
  const parts = [];
  if (isFile) parts.push(word("understood.file", { name: isFile }));
  else if (found.whole && found.named) parts.push(WORDS["understood.more"]);
  else if (found.named) parts.push(WORDS["understood.key"]);
  const origin = originOf(found.address);
  if (origin) parts.push(word("understood.address", { name: origin }));
  else if (found.region) parts.push(word("understood.region", { name: found.region }));
  if (found.project) parts.push(WORDS["understood.project"]);
  if (found.space) parts.push(WORDS["understood.space"]);
  return parts.length ? word("understood", { parts: parts.join(", ") }) : "";
}
