// Opens the owner app without a connection: keeps its own files and nothing else.
// Must always be true: no answer of the server's interface and no picture or clip is ever kept here.
// The build fills in VERSION and FILES.

const VERSION = "__VERSION__";
const FILES = __FILES__;
const SHELL = "/owner/index.html";
const CACHE = `limpet-owner-${VERSION}`;
/** A connection that takes longer than this to bring the page is as good as none. */
const PATIENCE = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([SHELL, ...FILES]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("limpet-owner-") && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname.startsWith("/o/") || url.pathname === "/owner/" || url.pathname === SHELL) {
      event.respondWith(page(request));
    }
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});

/** The newest page where there is a connection, the kept one where there is none. */
async function page(request) {
  const impatient = new AbortController();
  const timer = setTimeout(() => impatient.abort(), PATIENCE);
  try {
    const fresh = await fetch(request, { signal: impatient.signal });
    // A gateway's error page says less than the app itself, which knows the thread.
    if (fresh.status < 500) return fresh;
  } catch {
    // Below.
  } finally {
    clearTimeout(timer);
  }
  return (await caches.match(SHELL)) ?? Response.error();
}
