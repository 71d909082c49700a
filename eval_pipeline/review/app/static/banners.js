// Banners above the transcript: one for each matter, read out by screen readers. Text is always put in as text.

const place = document.getElementById("banners");
const shown = new Map();

/** Show `parts` (texts and elements) as the banner of `matter`, in the place of the one before. */
export function say(matter, kind, ...parts) {
  hush(matter);
  const banner = document.createElement("div");
  banner.className = `banner row ${kind}`;
  banner.append(...parts.map((part) => (typeof part === "string" ? span(part) : part)));
  shown.set(matter, banner);
  place.append(banner);
}

/** Show a fragment that the server has rendered, and return its element. */
export function show(matter, kind, html) {
  say(matter, kind);
  const banner = shown.get(matter);
  banner.classList.remove("row");
  banner.innerHTML = html;
  banner.scrollIntoView({ block: "nearest" });
  return banner;
}

/** Remove the banner of `matter`. */
export function hush(matter) {
  shown.get(matter)?.remove();
  shown.delete(matter);
}

/** A button for a banner. */
export function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/** A link for a banner. */
export function linkTo(text, address, isNewTab = false) {
  const made = document.createElement("a");
  made.href = address;
  made.textContent = text;
  if (isNewTab) made.target = "_blank";
  return made;
}

/** A time of day, as in "14:02". */
export const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function span(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}
