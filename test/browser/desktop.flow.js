import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ask, calm, end, open, picture, shown, signIn, until } from "./stage.js";

after(end);

const inside = (command) => ask("inside/workbench", command);
const says = (command, wanted) => until(command, () => inside(command), (got) => String(got).trim() === wanted);

/** terminal opens one by XFCE's own shortcut and waits until its shell runs. */
async function terminal(page) {
  await page.mouse.click(640, 600); // the desktop's ground
  await page.keyboard.press("Control+Alt+t");
  await says("pgrep -c -u demo xfce4-terminal", "1");
  await until("its shell", () => inside("pgrep -u demo -x bash | wc -l"), (n) => Number(n) > 1);
}

test("A person types in a terminal and the file is there", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0);
  await terminal(page);
  await picture(page, "xfce-terminal");
  await page.keyboard.type("echo hello > ~/proof", { delay: 10 });
  await page.keyboard.press("Enter");
  await says("cat ~/proof", "hello");
  await picture(page, "xfce-proof");

  // the remote screen has the window's size, and follows it
  for (const [width, height] of [[1280, 800], [1100, 700]]) {
    await page.setViewportSize({ width, height });
    const size = () => page.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => `${c.width}x${c.height}`);
    await until("the screen's size", size, (got) => got === `${width}x${height}`);
  }

  // from the browser into the terminal
  await page.evaluate(() => navigator.clipboard.writeText("echo pasted 剪贴板 > ~/pasted"));
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await until(
    "what was pasted",
    async () => {
      await page.keyboard.press("Control+Shift+V");
      await page.keyboard.press("Enter");
      return inside("cat ~/pasted");
    },
    (got) => String(got).trim() === "pasted 剪贴板",
  );

  // from the terminal into the browser: everything on its screen
  await page.keyboard.press("Control+Shift+A");
  await page.keyboard.press("Control+Shift+C");
  const read = () => page.evaluate(() => navigator.clipboard.readText());
  await until("the browser's clipboard", read, (text) => String(text).includes("echo hello > ~/proof"));
});

test("The session goes on after the control plane was killed", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  const shells = await inside("pgrep -u demo xfce4-terminal");
  await ask("kill");
  await shown(page);
  await page.mouse.click(300, 300);
  assert.equal(await inside("pgrep -u demo xfce4-terminal"), shells);
  await picture(page, "xfce-after-kill");
});

test("A desktop that was shut down from inside can be started again", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await inside("sudo -n systemctl poweroff").catch(() => {}); // it may end before it answers
  await page.getByRole("heading", { name: "Your desktop is off" }).waitFor();
  await page.getByRole("button", { name: "Start" }).click();
  await shown(page);
  await calm(page);
  await says("cat ~/proof", "hello");
  await picture(page, "xfce-started-again");
});
