/** Keeps the whole playground at the first visit, so that it works without a network. The build puts in what it is made of. */

declare const files: readonly string[];
/** Changes with any of the files. */
declare const version: string;

/** The part of a service worker's scope that is used. */
interface Scope {
  addEventListener(type: "install" | "activate", handler: (event: Waiting) => void): void;
  addEventListener(type: "fetch", handler: (event: Fetching) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}
interface Waiting {
  waitUntil(until: Promise<unknown>): void;
}
interface Fetching {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(version).then((cache) => cache.addAll([...files])));
  event.waitUntil(scope.skipWaiting());
});

scope.addEventListener("activate", (event) => {
  const forgetOthers = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name !== version) await caches.delete(name);
  };
  event.waitUntil(forgetOthers().then(() => scope.clients.claim()));
});

scope.addEventListener("fetch", (event) => {
  event.respondWith(caches.match(event.request, { ignoreSearch: true }).then((kept) => kept ?? fetch(event.request)));
});
