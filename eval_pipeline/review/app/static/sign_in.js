// Takes the token out of the link's fragment, clears it there, and signs in. Where a proxy signed the person in, goes on at once.

const form = document.getElementById("sign-in");
const refused = document.querySelector('[role="alert"]') !== null;

if (form.dataset.entrance === "local" && window.location.hash.length > 1) {
  form.elements.token.value = window.location.hash.slice(1);
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  form.submit();
} else if (form.dataset.entrance === "proxy" && !refused && form.dataset.named === "yes") {
  form.submit();
}
