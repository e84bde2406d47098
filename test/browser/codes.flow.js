import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, administer, app, ask, end, open, picture, signIn, stage, until } from "./stage.js";

after(end);

const cards = (page) => page.getByRole("heading", { name: "Your desktops" }).waitFor();

async function menu(page, item) {
  await page.getByRole("button", { name: /Your account/ }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function again(page) {
  await menu(page, "Sign out");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(page);
}

async function enter(page, code) {
  await page.locator("input[name=code]").fill(code);
  await page.keyboard.press("Enter");
}

async function scan(page) {
  await page.getByRole("img", { name: "QR code for your authenticator app" }).waitFor();
  return app((await page.locator("code.secret").innerText()).replaceAll(" ", ""));
}

test("An app is set up, asked for at the sign-in, replaced by a recovery code and removed by an administrator", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await cards(page);
  await menu(page, "Authenticator app");
  await accessible(page);
  await page.getByRole("button", { name: "Set up" }).click();
  const code = await scan(page);
  await picture(page, "codes-scan");
  await accessible(page);
  await enter(page, "000000");
  await page.getByRole("alert").getByText("This code is wrong").waitFor();
  const first = await code();
  await enter(page, first);
  await page.getByRole("list", { name: "Recovery codes" }).waitFor();
  const recovery = await page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allInnerTexts();
  assert.equal(new Set(recovery).size, 10);
  await picture(page, "codes-recovery");
  await accessible(page);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Save as a file" }).click()]);
  assert.equal(file.suggestedFilename(), "carrel-recovery-codes.txt");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await cards(page);

  await again(page);
  await page.getByRole("heading", { name: "Enter your code" }).waitFor();
  await page.locator("input[name=code]:focus").waitFor();
  await picture(page, "codes-sign-in");
  await accessible(page);
  await enter(page, first);
  // Used before; and by now it may be too old as well, which is said in other words.
  await page.getByRole("alert").getByText(/it was used before|This code is wrong/).waitFor();
  await enter(page, await code());
  await cards(page);

  await again(page);
  await enter(page, recovery[0]);
  await cards(page);
  await menu(page, "Authenticator app");
  await page.getByText("Recovery codes left: 9").waitFor();
  await picture(page, "codes-manage");
  await accessible(page);
  await enter(page, await code());
  await page.getByRole("button", { name: "I have kept them" }).click();
  await cards(page);

  await again(page);
  await enter(page, recovery[1]); // the new ones have taken its place
  await page.getByRole("alert").getByText("This code is wrong").waitFor();
  await ask("unbind");
  await enter(page, recovery[2]);
  await page.getByRole("alert").getByText("This took too long. Sign in again.").waitFor();
  await page.getByRole("button", { name: "Start over" }).click();
  await signIn(page);
  await cards(page);
});

test("A project that requires an app asks for one at the next sign-in, and not who is signed in", async (t) => {
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await cards(page);
  const everybody = { object_type: "ALL", object_id: "default-apply-all-targets", object_name: "All-Targets" };
  await administer("POST", "assist-auth-config/apply-objects", { add: [everybody] });
  await page.reload();
  await cards(page);
  await again(page);
  await page.getByRole("heading", { name: "Set up an authenticator app" }).waitFor();
  await accessible(page);
  await page.reload(); // there is no way around
  await page.getByRole("button", { name: "Set up" }).click();
  const code = await scan(page);
  await enter(page, await code());
  await page.getByRole("button", { name: "I have kept them" }).click();
  await cards(page);
  await administer("POST", "assist-auth-config/apply-objects", { delete: [everybody] });
  await ask("unbind");
});

test("The rules of the project are shown where a password is chosen, in Chinese too", async (t) => {
  await administer("PUT", "sign-in-rules", { password: { min_length: 12, min_kinds: 4 } });
  const page = await open(t, { bypassCSP: true });
  await signIn(page);
  await cards(page);
  await menu(page, "Change password");
  await page.getByText("12 to 64 characters").waitFor();
  await page.getByText("all of: lower case, upper case, digits, other characters").waitFor();
  await page.locator("input[autocomplete=new-password]").first().fill("Short-one-7");
  await page.locator("li[data-met=false]").getByText("12 to 64 characters").waitFor();
  await accessible(page);
  const chinese = await open(t, { locale: "zh-CN", colorScheme: "dark", bypassCSP: true });
  await signIn(chinese);
  await chinese.getByRole("button", { name: /您的账户/ }).click();
  await chinese.getByRole("menuitem", { name: "修改密码" }).click();
  await chinese.getByText("12 到 64 个字符").waitFor();
  await chinese.getByText("包含全部四种：小写字母、大写字母、数字、其他字符").waitFor();
  await accessible(chinese);
  await administer("PUT", "sign-in-rules", { password: { min_length: 8, min_kinds: 3 } });
  await chinese.reload();
  await chinese.getByRole("button", { name: /您的账户/ }).click();
  await chinese.getByRole("menuitem", { name: "修改密码" }).click();
  await chinese.getByText("8 到 64 个字符").waitFor();
});

test("Where an app is required it is set up before anything else, in Chinese and in the dark too", async (t) => {
  await ask("config/sim-codes.yaml");
  const page = await open(t, { locale: "zh-CN", colorScheme: "dark", bypassCSP: true });
  await signIn(page);
  await page.getByRole("heading", { name: "设置身份验证器应用" }).waitFor();
  await picture(page, "codes-required-chinese");
  await accessible(page);
  await page.goto(`${stage.url}/desktops/00000000-0000-4000-8000-000000000000`);
  await page.getByRole("button", { name: "开始设置" }).click();
  const code = app((await page.locator("code.secret").innerText()).replaceAll(" ", ""));
  await picture(page, "codes-scan-chinese");
  await accessible(page);
  await enter(page, await code());
  await page.getByRole("list", { name: "恢复码" }).waitFor();
  await picture(page, "codes-recovery-chinese");
  await accessible(page);
  await page.getByRole("button", { name: "我已保存" }).click();
  await page.goto(stage.url);
  await page.getByRole("button", { name: /您的账户/ }).waitFor();
});
