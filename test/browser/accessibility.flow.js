import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, calm, end, open, picture, shown, signIn, stage } from "./stage.js";

after(end);

// What is written on the pages, in each language that they speak.
const languages = {
  en: {
    locale: "en-GB", account: /Your account/, password: "Change password", cancel: "Cancel", open: "Open workbench",
    menu: "Restart or shut down workbench", restart: "Restart", stop: "Shut down", keys: "Special keys", clipboard: "Clipboard", power: "Restart or shut down",
    start: "Start archive", nothing: "There is no such page", tooLarge: "The clipboard carries at most 16 MB",
  },
  zh: {
    locale: "zh-CN", account: /您的账户/, password: "修改密码", cancel: "取消", open: "打开 workbench",
    menu: "重启或关闭 workbench", restart: "重启", stop: "关机", keys: "特殊按键", clipboard: "剪贴板", power: "重启或关机",
    start: "将 archive 开机", nothing: "没有这个页面", tooLarge: "16 MB",
  },
};

for (const [language, words] of Object.entries(languages)) {
  for (const colorScheme of ["light", "dark"]) {
    const fresh = (t) => open(t, { locale: words.locale, colorScheme, bypassCSP: true });

    test(`Nothing stands in the way of anybody on the pages (${language}, ${colorScheme})`, async (t) => {
      const page = await fresh(t);
      await page.goto(`${stage.url}/nonsense`);
      await page.getByRole("heading", { name: words.nothing }).waitFor();
      await accessible(page);
      await picture(page, `not-found-${language}-${colorScheme}`);
      await page.goto(`${stage.url}/first-password#gone`);
      await page.getByRole("alert").waitFor();
      await accessible(page);
      await signIn(page, "Wrong-one-1");
      await page.getByRole("alert").waitFor();
      await accessible(page);
      await picture(page, `sign-in-refused-${language}-${colorScheme}`);

      await signIn(page);
      await page.getByRole("link", { name: words.open }).waitFor();
      await accessible(page);
      await page.getByRole("button", { name: words.account }).click();
      await page.getByRole("menuitem", { name: words.password }).waitFor();
      await picture(page, `account-menu-${language}-${colorScheme}`);
      await accessible(page);
      await page.getByRole("menuitem", { name: words.password }).click();
      await page.locator("input[autocomplete=current-password]").waitFor();
      await accessible(page);
      await page.getByRole("button", { name: words.cancel }).click();

      await page.getByRole("button", { name: words.menu }).click();
      await page.getByRole("menuitem", { name: words.stop }).waitFor();
      await accessible(page);
      await page.getByRole("menuitem", { name: words.stop }).click();
      await page.getByRole("dialog").waitFor();
      await accessible(page);
      await picture(page, `shut-down-${language}-${colorScheme}`);
    });

    test(`Nothing stands in the way of anybody on a desktop's page (${language}, ${colorScheme})`, async (t) => {
      const page = await fresh(t);
      await signIn(page);
      await page.getByRole("link", { name: words.open }).click();
      await shown(page);
      await accessible(page);
      await calm(page);
      await accessible(page);
      for (const tool of [words.keys, words.power, words.clipboard]) {
        await page.mouse.move(640, 300);
        await page.mouse.move(640, 0);
        await page.locator(".bar[data-open=true]").waitFor();
        await page.getByRole("button", { name: tool, exact: true }).click();
        await page.locator("[data-menu-dropdown], .clip").first().waitFor();
        await accessible(page);
        await picture(page, `desk-${tool}-${language}-${colorScheme}`);
        await page.keyboard.press("Escape");
        await page.locator("[data-menu-dropdown], .clip").first().waitFor({ state: "detached" });
      }
    });

    test(`Nothing stands in the way of anybody who is told over a desktop (${language}, ${colorScheme})`, async (t) => {
      const page = await open(t, {
        locale: words.locale, colorScheme, bypassCSP: true, permissions: ["clipboard-read", "clipboard-write"],
      });
      await signIn(page);
      await page.getByRole("link", { name: words.open }).click();
      await shown(page);
      await calm(page);
      await page.evaluate(() => navigator.clipboard.writeText("x".repeat((16 << 20) + 1)));
      await page.evaluate(() => window.dispatchEvent(new Event("focus")));
      await page.getByRole("alert").getByText(words.tooLarge).waitFor();
      await accessible(page);
      await picture(page, `desk-told-${language}-${colorScheme}`);
    });
  }
}

test("An unknown address is one for browsers and programs alike", async () => {
  for (const path of ["/nonsense", "/nonsense/deeper", "/index.html", "/gateway/nonsense", "/docs/nonsense", "/assets/nonsense.js"]) {
    const page = await fetch(stage.url + path, { headers: { Accept: "text/html" } });
    assert.equal(page.status, 404, `${path} for a browser`);
    assert.match(page.headers.get("content-type"), /^text\/html/, path);
    const call = await fetch(stage.url + path, { headers: { Accept: "application/json" } });
    assert.equal(call.status, 404, `${path} for a program`);
    assert.ok((await call.json()).error_code, path);
  }
});
