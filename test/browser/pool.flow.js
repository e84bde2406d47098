import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, administer, calm, counted, end, makePool, open, picture, shown, signIn, slowly, stage } from "./stage.js";

after(end);

const meanwhile = (act) => slowly("pool-slow.yaml", "pool.yaml", act);
const card = (page, name) => page.getByRole("article", { name });
let other;
before(async () => {
  await administer("POST", "users", {
    user_name: "other", active_type: "ADMIN_ACTIVATE", password: stage.password, next_login_change_password: false,
  });
  const { users } = await administer("GET", "users");
  other = users.find((u) => u.user_name === "other");
});

test("A pool is one card, and opening it shows one of its desktops", async (t) => {
  await makePool({ name: "Reading-room", type: "STATIC", description: "For everybody in the library" });
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await card(page, "Reading-room").getByText("A desktop is ready for you").waitFor();
  await picture(page, "pool-cards");
  await accessible(page);
  await page.getByRole("link", { name: "Open Reading-room" }).click();
  await shown(page);
  await page.goBack();
  await card(page, "Reading-room").getByText(/^You have Reading/).waitFor();
  await counted(page.getByRole("article"), 1);
  await picture(page, "pool-card-yours");
});

test("Who finds no desktop waits in line and is shown theirs when it is made", async (t) => {
  await makePool({
    name: "Seminar", type: "DYNAMIC", enable_autoscale: true,
    autoscale_policy: { autoscale_type: "ACCESS_CREATED", max_auto_created: 1 },
  });
  const first = await open(t);
  await signIn(first, stage.password, other.user_name);
  await first.getByRole("link", { name: "Open Seminar" }).click();
  await shown(first);
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await page.getByRole("link", { name: "Open Seminar" }).waitFor();
  await meanwhile(async () => {
    await page.getByRole("link", { name: "Open Seminar" }).click();
    await page.getByText("You are next.").waitFor();
    await page.reload(); // the place in the line has an address and is kept
    await page.getByText("You are next.").waitFor();
    await picture(page, "pool-waiting");
    await accessible(page);
  });
  await shown(page);
});

test("Somebody who no longer wants to wait leaves the line", async (t) => {
  await makePool({
    name: "Lobby", type: "DYNAMIC", enable_autoscale: true,
    autoscale_policy: { autoscale_type: "ACCESS_CREATED", max_auto_created: 1 },
  });
  const first = await open(t);
  await signIn(first, stage.password, other.user_name);
  await first.getByRole("link", { name: "Open Lobby" }).click();
  await shown(first);
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open Lobby" }).waitFor();
  await meanwhile(async () => {
    await page.getByRole("link", { name: "Open Lobby" }).click();
    await page.getByRole("button", { name: "Stop waiting" }).click();
    await card(page, "Lobby").waitFor();
    await card(page, "Lobby").getByText("You are waiting for a desktop").waitFor({ state: "detached" });
  });
});

test("A pool whose desktops are all taken says so, in Chinese too", async (t) => {
  await makePool({ name: "Small", type: "STATIC" });
  const first = await open(t);
  await signIn(first, stage.password, other.user_name);
  await first.getByRole("link", { name: "Open Small" }).click();
  await shown(first);
  const page = await open(t, { locale: "zh-CN", bypassCSP: true, colorScheme: "dark" });
  await signIn(page);
  await card(page, "Small").getByText("桌面已全部占用").waitFor();
  await page.getByRole("link", { name: "打开 Small" }).click();
  await page.getByRole("heading", { name: "桌面已全部占用" }).waitFor();
  await picture(page, "pool-full-chinese");
  await accessible(page);
});

test("A pool under maintenance cannot be opened until it is over", async (t) => {
  const { id } = await makePool({ name: "Workshop", type: "STATIC" });
  await administer("PUT", `desktop-pools/${id}`, { in_maintenance_mode: true });
  const page = await open(t);
  await signIn(page);
  await card(page, "Workshop").getByText("Under maintenance").waitFor();
  assert.equal(await page.getByRole("link", { name: "Open Workshop" }).count(), 0);
  await administer("PUT", `desktop-pools/${id}`, { in_maintenance_mode: false });
  await page.getByRole("link", { name: "Open Workshop" }).click();
  await shown(page);
});

test("People reset their desktop when the pool lets them", async (t) => {
  await makePool({
    name: "Laboratory", type: "STATIC",
    user_reset_policy: { enable: true, reset_count_per_day: 1 },
  });
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await page.getByRole("link", { name: "Open Laboratory" }).click();
  await shown(page);
  await page.goBack();
  await card(page, "Laboratory").getByRole("button", { name: "Reset…" }).click();
  await picture(page, "pool-reset");
  await accessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await card(page, "Laboratory").getByRole("button", { name: "Reset…" }).waitFor({ state: "detached" });
  const link = page.getByRole("link", { name: "Open Laboratory" });
  await link.waitFor();
  await link.click();
  await shown(page);
});

test("People restart and shut down the desktop that they have in a pool, on its card and in its window", async (t) => {
  await makePool({ name: "Office", type: "STATIC" });
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await page.getByRole("link", { name: "Open Office" }).click();
  await shown(page);
  await page.goBack();
  await card(page, "Office").getByText(/^You have Office/).waitFor();
  const ask = async (action) => {
    await card(page, "Office").getByRole("button", { name: /^Restart or shut down/ }).click();
    await page.getByRole("menuitem", { name: action }).click();
    await page.getByRole("dialog").getByRole("button", { name: action }).click();
  };
  await meanwhile(async () => {
    await ask("Restart");
    await card(page, "Office").getByText("Restarting").waitFor();
    await picture(page, "pool-restarting");
    await accessible(page);
  });
  await card(page, "Office").getByText("Running").waitFor();
  await ask("Shut down");
  await card(page, "Office").getByText("Off", { exact: true }).waitFor();
  await picture(page, "pool-off");
  await accessible(page);
  await page.getByRole("link", { name: "Open Office" }).click(); // starts it
  await shown(page);

  await calm(page);
  await page.mouse.move(640, 300);
  await page.mouse.move(640, 0);
  await page.getByRole("button", { name: "Restart or shut down" }).click();
  await page.getByRole("menuitem", { name: "Shut down" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Shut down" }).click();
  await page.locator(".veil").waitFor();
  await picture(page, "pool-desk-off");
});

test("A rebuild counts down over the open desktop, and begins when its person is ready", async (t) => {
  const { id } = await makePool({ name: "Studio", type: "STATIC" });
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await page.getByRole("link", { name: "Open Studio" }).click();
  await shown(page);
  await administer("POST", `desktop-pools/${id}/rebuild`, {
    image_id: stage.bootstrap.image_id, delay_time: 10, message: "A new version of the drawing program comes.",
  });
  const notice = page.getByText("A new version of the drawing program comes.");
  await page.reload();
  await notice.waitFor();
  await shown(page);
  await picture(page, "pool-rebuild");
  await accessible(page);
  await page.goBack();
  await card(page, "Studio").getByText(/This desktop will be rebuilt at/).waitFor();
  await picture(page, "pool-rebuild-card");
  await accessible(page);
  await page.goForward();
  await shown(page);
  await meanwhile(async () => {
    await page.getByRole("button", { name: "I have saved, begin now" }).click();
    await page.getByText("Rebuilding").first().waitFor();
    await picture(page, "pool-rebuilding");
  });
  await shown(page);
  await notice.waitFor({ state: "detached" });
});
