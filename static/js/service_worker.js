// The service worker of the annotation pages. It keeps the images of the pairs that a page holds, so that it goes on without a
// network.
//
// The network comes first, so that who may see an image is decided by the site whenever it can be asked. What is kept belongs to one
// person, in one version of the site: both are in this script's address. It goes with their log-out (base.js), and where another
// person's worker begins.
"use strict";

const parameters = new URL(self.location.href).searchParams;
const OWN = `diptych ${parameters.get("person")} ${parameters.get("version")}`;
const IMAGE = /^\/images\/[0-9a-f-]+\/\d+\/$/; // not the full size, which only zooming fetches
const IMAGES_LIMIT = 160; // the pairs of a whole queue twice, and those that were judged last
const BYTES_LIMIT = 2_000_000; // of an image
const AWAY = new Set([502, 503, 504]); // the answers of a proxy whose site is not there
const REFUSED = new Set([401, 403, 404, 410]);

const isWorthKeeping = (response) =>
  response.ok &&
  response.type === "basic" &&
  !response.redirected &&
  Number(response.headers.get("Content-Length")) <= BYTES_LIMIT;

const keep = async (request, response) => {
  const cache = await caches.open(OWN);
  await cache.put(request, response); // at the end of the keys, also if it was there
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - IMAGES_LIMIT)).map((oldest) => cache.delete(oldest)));
};

const forget = async (request) => {
  const cache = await caches.open(OWN);
  await cache.delete(request);
};

const find = async (request) => {
  const cache = await caches.open(OWN);
  return cache.match(request, { ignoreVary: true });
};

const respond = async (event) => {
  const { request } = event;
  let response;
  try {
    response = await fetch(request);
  } catch (error) {
    const kept = await find(request);
    if (kept) return kept;
    throw error;
  }
  if (AWAY.has(response.status)) return (await find(request)) ?? response;
  // A full disk keeps nothing, and breaks nothing.
  if (isWorthKeeping(response)) event.waitUntil(keep(request, response.clone()).catch(() => {}));
  else if (REFUSED.has(response.status)) event.waitUntil(forget(request));
  return response;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (IMAGE.test(url.pathname)) event.respondWith(respond(event));
});

self.addEventListener("install", () => self.skipWaiting());

const begin = async () => {
  const names = await caches.keys();
  const others = names.filter((name) => name.startsWith("diptych ") && name !== OWN);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.clients.claim();
};
self.addEventListener("activate", (event) => event.waitUntil(begin()));
