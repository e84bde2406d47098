import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, ask, calm, counted, end, open, picture, shown, signIn, slowly, stage, until } from "./stage.js";

after(end);

const card = (page, name) => page.getByRole("article", { name });

test("A wrong password is said and the right one lets in", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await signIn(page, "Wrong-one-1");
  await page.getByRole("alert").getByText("The user name or the password is wrong.").waitFor();
  await picture(page, "sign-in-wrong");
  await accessible(page);
  await page.locator("input[name=password]").fill(stage.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
  await counted(page.getByRole("article"), 3);
  await accessible(page);
  await picture(page, "cards");
});

test("Signing in while the server is away happens by itself once it is back", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await page.goto(stage.url);
  await page.locator("input[name=username]").fill(stage.user);
  await page.locator("input[name=password]").fill(stage.password);
  const away = (route) => route.abort("connectionrefused");
  await page.route("**/portal/api/sign-in", away);
  await page.keyboard.press("Enter");
  const said = page.getByRole("alert").getByText("The server does not answer. This page tries again by itself.");
  await said.waitFor();
  await accessible(page);
  await picture(page, "sign-in-away");
  // What stands before the server may answer in its place.
  await page.unroute("**/portal/api/sign-in", away);
  const refused = page.waitForResponse((r) => r.status() === 503);
  await page.route("**/portal/api/sign-in", (route) => route.fulfill({ status: 503, body: "no server" }));
  await refused;
  await said.waitFor();
  await page.unroute("**/portal/api/sign-in");
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
});

test("A link that is opened while the server is away is tried again", async (t) => {
  const page = await open(t);
  await page.route("**/portal/api/enter", (route) => route.abort("connectionrefused"));
  await page.goto(`${stage.url}/enter?token=spent`);
  await page.getByRole("status").getByText("This page tries again by itself.").waitFor();
  await page.unroute("**/portal/api/enter");
  await page.getByText("This link has been used or is too old.").waitFor();
});

test("A person who prefers Chinese and the dark reads Chinese in the dark", async (t) => {
  const page = await open(t, { locale: "zh-CN", colorScheme: "dark", bypassCSP: true });
  await page.goto(stage.url);
  await page.getByRole("heading", { name: "登录" }).waitFor();
  await picture(page, "sign-in-chinese");
  await accessible(page);
  await signIn(page);
  await page.getByRole("link", { name: "打开 workbench" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans");
  await accessible(page);
  await picture(page, "cards-chinese");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
});

test("The keyboard alone is enough to sign in and open a desktop", async (t) => {
  const page = await open(t);
  await page.goto(stage.url);
  await page.locator("input[name=username]:focus").waitFor();
  await page.keyboard.type(stage.user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(stage.password);
  await page.keyboard.press("Enter");
  const link = page.getByRole("link", { name: "Open workbench" });
  await link.waitFor();
  for (let i = 0; i < 20 && !(await link.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await shown(page);
});

test("A desktop fills the window, follows its size and leaves nothing over it", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await picture(page, "desktop");
  for (const [width, height] of [[1280, 800], [1000, 640], [1440, 900]]) {
    await page.setViewportSize({ width, height });
    const size = () => page.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => `${c.width}x${c.height}`);
    await until("the screen's size", size, (got) => got === `${width}x${height}`);
  }
});

test("A page that is zoomed out asks for the pixels that its window has, and once", async (t) => {
  const page = await open(t, { viewport: { width: 3000, height: 2000 }, deviceScaleFactor: 0.5 });
  let wishes = 0;
  page.on("websocket", (s) => s.on("framesent", ({ payload }) => (wishes += payload[0] === 251 ? 1 : 0)));
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  const size = () => page.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => `${c.width}x${c.height}`);
  await until("the screen's size", size, (got) => got === "1500x1000");
  await calm(page); // seconds later
  assert.equal(wishes, 1);
  await page.setViewportSize({ width: 2001, height: 1333 });
  await until("the screen's size", size, (got) => got === "1000x666");
});

test("The toolbar comes at the top edge and by keys, and goes again", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await page.mouse.move(640, 400);
  await page.mouse.move(640, 0);
  const bar = page.getByRole("toolbar", { name: "Desktop toolbar" });
  await bar.waitFor();
  await picture(page, "toolbar");
  await page.getByRole("button", { name: "Special keys" }).click();
  await page.getByRole("menuitem", { name: "Ctrl+Alt+Del" }).waitFor();
  await picture(page, "toolbar-keys");
  await page.getByRole("menuitem", { name: "Esc", exact: true }).click();
  await page.mouse.move(640, 400);
  await calm(page);
  for (const key of ["Control", "Alt", "Shift"]) await page.keyboard.down(key);
  for (const key of ["Shift", "Alt", "Control"]) await page.keyboard.up(key);
  await bar.waitFor();
  await page.locator(".bar button:focus").waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await calm(page);
  await page.locator(".desk canvas:focus").waitFor();
});

test("The clipboard goes both ways", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  await page.getByRole("link", { name: "Open reading-room" }).click();
  await shown(page);
  await page.mouse.click(640, 500);
  await page.keyboard.type("from the desktop");
  const read = () => page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press("Control+c");
  await until("the browser's clipboard", read, (text) => text === "from the desktop");

  await page.evaluate(() => navigator.clipboard.writeText("from the browser"));
  await page.evaluate(() => window.dispatchEvent(new Event("focus"))); // as when its window comes to the front
  await page.keyboard.press("Enter");
  const bothWays = async () => {
    await page.keyboard.press("Control+v");
    await page.keyboard.press("Control+c");
    return read();
  };
  await until("what was pasted and copied again", bothWays, (text) => String(text).includes("from the browser"));
});

test("The clipboard's panel serves browsers that share nothing", async (t) => {
  const page = await open(t);
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await signIn(page);
  await page.getByRole("link", { name: "Open reading-room" }).click();
  await shown(page);
  await page.mouse.click(640, 500);
  await page.keyboard.press("Enter");
  await page.keyboard.type("only by hand");
  await page.keyboard.press("Control+c");
  await calm(page);
  await page.mouse.move(640, 0);
  await page.getByRole("button", { name: "Clipboard" }).click();
  const box = page.getByLabel("Text on the desktop's clipboard");
  await until("the box", () => box.inputValue(), (text) => text === "only by hand");
  await picture(page, "clipboard-panel");
  await box.fill("by hand as well");
  await page.getByRole("button", { name: "Send to desktop" }).click();
  await page.getByText("Sent. Paste it in the desktop.").waitFor();
});

test("A desktop that is off is started with honest progress and opens", async (t) => {
  const page = await open(t);
  await signIn(page);
  await card(page, "archive").getByRole("link", { name: "Open archive" }).waitFor();
  await ask("operate/os-stop/archive");
  await page.getByRole("link", { name: "Start archive" }).waitFor(); // without loading the page again
  await picture(page, "cards-off");
  await slowly("sim-slow.yaml", "sim.yaml", async () => {
    await page.getByRole("link", { name: "Start archive" }).click();
    await page.getByRole("heading", { name: "Starting your desktop" }).waitFor();
    await picture(page, "starting");
  });
  await shown(page);
});

test("A desktop that is stopped while it is shown says so, and comes back when it runs", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open archive" }).click();
  await shown(page);
  await ask("operate/os-hibernate/archive");
  await page.getByRole("heading", { name: "Your desktop is asleep" }).waitFor();
  await picture(page, "asleep");
  await page.getByRole("button", { name: "Resume" }).click();
  await shown(page);
  await ask("operate/reboot/archive");
  await page.locator(".veil").waitFor();
  await shown(page);
});

test("A desktop is shown in one window at a time", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await shown(other);
  await page.getByRole("status").getByText("You opened this desktop in another window").waitFor();
  await picture(page, "replaced");
  await page.getByRole("button", { name: "Use it here" }).click();
  await shown(page);
  await other.getByRole("status").getByText("You opened this desktop in another window").waitFor();
});

test("A cut network is noticed and mended by itself", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await page.context().setOffline(true);
  await page.getByRole("heading", { name: "Reconnecting" }).waitFor();
  await page.getByText("Your desktop keeps running; nothing is lost.").waitFor();
  await picture(page, "reconnecting");
  await page.context().setOffline(false);
  await shown(page);
});

for (const how of ["restart", "kill"])
  test(`A ${how} of the control plane is survived without a hand`, async (t) => {
    const page = await open(t);
    await signIn(page);
    await page.getByRole("link", { name: "Open workbench" }).click();
    await shown(page);
    await ask(how);
    await shown(page);
    await page.goBack();
    await page.getByRole("link", { name: "Open workbench" }).waitFor(); // still signed in
  });

test("Who signs out elsewhere loses the screen", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await page.evaluate(() => fetch("/portal/api/sign-out", { method: "POST" }));
  await page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("A desktop of nobody is not there", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
  await page.goto(`${stage.url}/desktops/00000000-0000-4000-8000-000000000000`);
  await page.getByRole("heading", { name: "This desktop does not exist" }).waitFor();
  await page.getByRole("button", { name: "All desktops" }).click();
  await page.getByRole("heading", { name: "Your desktops" }).waitFor();
});

test("A password is changed by who knows the present one", async (t) => {
  const page = await open(t, { bypassCSP: true });
  const change = async (from, to) => {
    await page.getByRole("button", { name: /Your account/ }).click();
    await page.getByRole("menuitem", { name: "Change password" }).click();
    await page.getByLabel("Current password").fill(from);
    await page.getByLabel("New password", { exact: true }).fill(to);
    await page.getByLabel("New password, again").fill(to);
  };
  await signIn(page);
  await change("Wrong-one-1", "Another-one-2");
  await picture(page, "password");
  await accessible(page);
  await page.getByRole("button", { name: "Save password" }).click();
  await page.getByText("The present password is wrong.").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  for (const [from, to] of [[stage.password, "Another-one-2"], ["Another-one-2", stage.password]]) {
    await change(from, to);
    await page.getByRole("button", { name: "Save password" }).click();
    await page.getByText("Your password is saved.").waitFor();
    await page.getByRole("button", { name: "All desktops" }).click();
  }
});

test("A link into a desktop that is no good says so and leaves the password", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await page.goto(`${stage.url}/enter?token=spent&desktop=${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`);
  await page.getByRole("alert").getByText("This link has been used or is too old.").waitFor();
  await accessible(page);
});

test("A link for a first password that is no good says so", async (t) => {
  const page = await open(t);
  await page.goto(`${stage.url}/first-password#nonsense`);
  await page.getByText("This link has been used or is too old.").waitFor();
});
