// A request with a JSON body, as our routes take it.

export function send(method, url, body, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return fetch(url, { method, headers, body: JSON.stringify(body), ...options });
}
