// What the flows share: the browser, the way in, and the back channel of the stage (browser_test.go).
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const stage = JSON.parse(process.env.STAGE);
mkdirSync(stage.artifacts, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

/** patience is how long a flow waits for what must come. It ends one that would wait for ever, and is no measure. */
const patience = 90_000;

/** open gives a window of its own, with its own cookies, and fails the test when the page has an error of its own. */
export async function open(t, options = {}) {
  browser ??= await chromium.launch({
    executablePath: stage.browser,
    args: ["--no-sandbox", "--disable-background-networking"],
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("console", (m) => {
    // Answers such as 401 are logged by the browser itself and are no fault of the page.
    if (m.type() === "error" && !m.text().startsWith("Failed to load resource") && !m.text().includes("WebSocket connection"))
      errors.push(m.text());
  });
  page.on("request", (r) => {
    const origin = new URL(r.url()).origin;
    if (/^https?:/.test(r.url()) && origin !== new URL(stage.url).origin) errors.push(`it asks ${origin}`);
  });
  t.after(async () => {
    await picture(page, `last-${t.name}`).catch(() => {});
    await context.close();
    if (errors.length > 0) throw new Error(`the page says: ${errors.join("; ")}`);
  });
  return page;
}

/** end closes the browser, without which this process would not end. */
export async function end() {
  await browser?.close();
}

export async function signIn(page, password = stage.password, user = stage.user) {
  await page.goto(stage.url);
  await page.locator("input[name=username]").fill(user);
  await page.locator("input[name=password]").fill(password);
  await page.keyboard.press("Enter");
}

/** shown waits until a desktop's screen is there with nothing over it. */
export async function shown(page) {
  await page.locator(".desk canvas:not(.desk-ghost)").waitFor();
  await page.locator(".veil").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.querySelector(".desk canvas:not(.desk-ghost)")?.width > 0);
}

/** calm waits until the toolbar has gone. */
export const calm = (page) => page.locator(".bar[data-open=false]").waitFor({ state: "attached" });

export const picture = (page, name) =>
  page.screenshot({ path: join(stage.artifacts, `${name.replace(/[^\w-]+/g, "-")}.png`) });

/** ask asks through the back channel and returns the answer's text. */
export async function ask(path, body = "") {
  const answer = await fetch(`${stage.back}/${path}`, { method: "POST", body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}

/** until asks again and again until what comes is as wanted. */
export async function until(what, get, as) {
  const deadline = Date.now() + patience;
  for (;;) {
    const got = await get().catch((e) => e);
    if (as(got)) return got;
    if (Date.now() > deadline) throw new Error(`${what}: still ${got}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/**
 * slowly does something while the machines of the stage take an hour for whatever they are told, so that what is shown
 * meanwhile stays. `slow` and `fast` are configurations.
 */
export async function slowly(slow, fast, act) {
  await ask(`config/${slow}`);
  try {
    await act();
  } finally {
    await ask(`config/${fast}`);
  }
}

/** counted waits until there are so many of something. */
export const counted = (locator, wanted) => until(`${wanted} of ${locator}`, () => locator.count(), (n) => n === wanted);

/** administer does what an administrator does through the Workspace API and returns the answer. */
export async function administer(method, path, body) {
  const text = await ask(`administrator/${method}/${path}`, body === undefined ? "" : JSON.stringify(body));
  return text && text !== "null" ? JSON.parse(text) : undefined;
}

/** makePool makes a pool of one desktop for everybody on the stage and, unless told otherwise, waits until it is there. */
export async function makePool(asked, { steady = true } = {}) {
  const { users } = await administer("GET", "users");
  const b = stage.bootstrap;
  await administer("POST", "desktop-pools", {
    size: 1, image_type: "gold", image_id: b.image_id, product_id: b.product_id, subnet_ids: [b.subnet_id],
    root_volume: { type: "SAS", size: 80 },
    authorized_objects: users.map((u) => ({
      object_type: "USER", object_id: u.id, object_name: u.user_name, user_group: "sudo",
    })),
    ...asked,
  });
  const find = async () => (await administer("GET", `desktop-pools?name=${encodeURIComponent(asked.name)}`)).desktop_pools[0];
  if (steady) await until(`the pool ${asked.name}`, async () => (await find()).status, (s) => s === "STEADY");
  return find();
}

/** accessible fails on what screen readers, keyboards or eyes would trip over (WCAG 2.2 A and AA, and what axe holds for good practice). */
export async function accessible(page) {
  await page.addScriptTag({ content: axe }).catch(() => page.evaluate(axe)); // the content policy forbids the tag
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  assert.deepEqual(
    violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`),
    [],
  );
}

/**
 * app is an authenticator app. Each code is another one: a code is good once, and for half a minute more either way, so that
 * the next half minute's may be used already.
 */
export function app(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => Number.parseInt(b, 2)));
  const now = () => Math.floor(Date.now() / 30_000);
  let step = 0;
  return async () => {
    step = Math.max(step + 1, now());
    await until("the time of the next code", async () => now(), (n) => n >= step - 1);
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const sum = createHmac("sha1", key).update(counter).digest();
    const at = sum[19] & 15;
    return String((sum.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
  };
}
