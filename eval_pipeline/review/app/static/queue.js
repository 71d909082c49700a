// Enter begins or resumes wherever the focus is: a browser need not honour autofocus.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.repeat || event.target !== document.body) return;
  event.preventDefault();
  document.querySelector("button[autofocus]")?.click();
});
