// What every page's script shares: the CSRF token, requests that answer JSON, and where the browser may go.
// Not here: what one page alone does. A page works without any script.

/** The token that every POST of this page brings. */
export const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/**
 * POST fields to a local address. Resolves to {status, body}: status 0 when the server was not reached, body null when
 * the answer was not JSON.
 */
export async function post(address, fields) {
  const asked = {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrfToken() },
    body: JSON.stringify(fields),
    credentials: "same-origin",
  };
  try {
    const answer = await fetch(address, asked);
    const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    return { status: answer.status, body: isJson ? await answer.json() : null };
  } catch {
    return { status: 0, body: null };
  }
}

/** Go to an address of this app; any other is refused. */
export function goTo(address) {
  const target = new URL(address, window.location.href);
  if (target.origin === window.location.origin) window.location.assign(target.href);
}

// Signing out clears what this browser keeps (Clear-Site-Data): not before the person knows that an answer is not sent.
// The session's page asks in its own words, and has then prevented the submit.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.getAttribute("action") !== "/sign-out") return;
  if (hasUnsent() && !window.confirm("An answer of yours is not sent yet. Sign out and lose it?")) event.preventDefault();
});

function hasUnsent() {
  try {
    return Object.keys(localStorage).some((key) => key.startsWith("outbox:"));
  } catch {
    return false;
  }
}
