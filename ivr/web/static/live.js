// Puts fresh contents into [data-live] every [data-refresh] seconds, while that switch is on.
const control = document.querySelector("[data-refresh]");

async function refresh() {
  if (!control.checked || document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
  document.querySelector("[data-live]").replaceWith(fresh);
}

setInterval(() => refresh().catch(() => {}), control.dataset.refresh * 1000);
