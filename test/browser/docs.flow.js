import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, app, end, open, picture, stage, until } from "./stage.js";

after(end);

const b = stage.bootstrap;

const languages = {
  en: {
    locale: "en-GB", search: "Search operations", signIn: "Sign in", signInToTry: "Sign in to try", send: "Send", rehearse: "Rehearse", really: "Send for real…",
    title: "Sign in to try calls", overview: "Trying calls", user: "User name", password: "Password", out: "Sign out", none: "No operation has all of these words.",
  },
  zh: {
    locale: "zh-CN", search: "搜索接口", signIn: "登录", signInToTry: "登录后试用", send: "发送", rehearse: "演练", really: "正式发送…",
    title: "登录以试用接口", overview: "在线试用", user: "用户名", password: "密码", out: "退出登录", none: "没有包含所有这些词的接口。",
  },
};

const looks = Object.keys(languages).flatMap((language) =>
  ["light", "dark"].flatMap((colorScheme) => ["desktop", "phone"].map((width) => ({ language, colorScheme, width }))),
);

async function visit(t, hash = "", options = {}) {
  const page = await open(t, options);
  await page.goto(`${stage.url}/docs${hash}`);
  await page.locator("main h1").waitFor();
  return page;
}

async function signIn(page, words = languages.en) {
  await page.locator("header").getByRole("button", { name: words.signIn }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(words.user).fill(b.user_name);
  await dialog.locator("input[name=password]").fill(b.password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: words.out }).waitFor();
}

/** outcome is what the page says of the call that was made. */
const outcome = (page) => page.locator(".docs-outcome-status");

for (const { language, colorScheme, width } of looks) {
  test(`Nothing stands in the way of anybody on the API's page (${language}, ${colorScheme}, ${width})`, async (t) => {
    const words = languages[language];
    const viewport = width === "phone" ? { width: 390, height: 844 } : { width: 1280, height: 900 };
    const page = await visit(t, "", { locale: words.locale, colorScheme, viewport, bypassCSP: true });
    const shot = (name) => picture(page, `docs-${name}-${language}-${colorScheme}-${width}`);
    await page.getByRole("heading", { name: words.overview }).waitFor();
    await accessible(page);
    await shot("overview");
    await page.getByLabel(words.search).fill("batch attach");
    await page.locator(`nav a[href="#BatchAttachInstances"]`).waitFor();
    await accessible(page);
    await shot("search");
    await page.locator(`nav a[href="#BatchAttachInstances"]`).click();
    await page.getByRole("heading", { name: "BatchAttachInstances" }).waitFor();
    for (const more of await page.locator("main details > summary").all()) await more.click();
    await accessible(page);
    await page.evaluate(() => window.scrollTo(0, 0));
    await shot("operation");
    await page.getByRole("button", { name: words.signInToTry }).click();
    await page.getByRole("dialog", { name: words.title }).waitFor();
    await accessible(page);
    await shot("sign-in");
    await page.keyboard.press("Escape");
    await signIn(page, words);
    await page.goto(`${stage.url}/docs#CreateDesktopUser`);
    await page.getByRole("button", { name: words.rehearse }).click();
    await outcome(page).waitFor();
    await accessible(page);
    await page.locator(".docs-try").scrollIntoViewIfNeeded();
    await shot("rehearsed");
    await page.getByRole("button", { name: words.really }).click();
    await page.getByRole("dialog").waitFor();
    await accessible(page);
    await shot("confirm");
    await page.keyboard.press("Escape");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `the page is ${wide} pixels too wide`);
  });
}

test("An operation has an address of its own", async (t) => {
  const page = await visit(t, "#ShowJob");
  assert.equal(await page.locator("main h1").innerText(), "ShowJob#");
  assert.match(await page.title(), /ShowJob/);
  assert.equal(await page.locator("nav a[aria-current=page]").innerText().then((text) => text.split("\n")[0]), "ShowJob");
  await page.goto(`${stage.url}/docs#CreateDesktop`);
  await page.getByRole("heading", { name: "CreateDesktop" }).waitFor();
  for (const text of ["workspace:desktops:create", "createDesktops", "root_volume.size", "WKS.00010013"]) {
    assert.ok((await page.locator("main").innerText()).includes(text), text);
  }
  await page.goBack();
  await page.getByRole("heading", { name: "ShowJob" }).waitFor();
  await page.goto(`${stage.url}/docs#Nonsense`);
  await page.getByRole("alert").getByText("Nonsense").waitFor();
});

test("Examples are there for each tool, or it is said that there is none", async (t) => {
  const page = await visit(t, "#CreateDesktop");
  const code = page.locator(".docs-samples pre");
  assert.match(await code.first().innerText(), /curl "\$CARREL\/v2\/\$PROJECT_ID\/desktops"/);
  await page.getByRole("tab", { name: "Go" }).click();
  assert.match(await code.first().innerText(), /client\.CreateDesktop\(&model\.CreateDesktopRequest/);
  await page.getByRole("tab", { name: "Terraform" }).click();
  assert.match(await code.first().innerText(), /resource "huaweicloud_workspace_desktop"/);
  await page.getByText("What comes before it").click();
  assert.ok((await code.last().innerText()).includes(new URL(stage.url).origin));
  await page.goto(`${stage.url}/docs#ShrinkDesktopPool`);
  await page.getByText("None for Go").waitFor();
});

test("The keyboard is enough to find an operation", async (t) => {
  const page = await visit(t);
  await page.keyboard.press("/");
  await page.keyboard.type("retry job");
  await page.locator(`nav a[href="#RunActionsOnWorkspaceJob"]`).waitFor();
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press("ArrowDown");
    if (await page.evaluate(() => document.activeElement.textContent.startsWith("RunActionsOnWorkspaceJob"))) break;
  }
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "RunActionsOnWorkspaceJob" }).waitFor();
  await until("the heading has the focus", () => page.evaluate(() => document.activeElement.tagName), (tag) => tag === "H1");
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  assert.equal(await page.getByLabel("Search operations").inputValue(), "");
});

test("A call is made as who has signed in", async (t) => {
  const page = await visit(t, "#ListUsers");
  await page.getByRole("button", { name: "Sign in to try" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill(b.user_name);
  await dialog.locator("input[name=password]").fill("Wrong-one-1");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").waitFor();
  await dialog.locator("input[name=password]").fill(b.password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  assert.match(await outcome(page).innerText(), /^200 .* in \d+ ms/);
  const told = await page.locator(".docs-outcome").innerText();
  assert.ok(told.includes(`"user_name": "${stage.user}"`), told);
  assert.match(told, /Request id \S+/);
  await page.getByText("Request", { exact: true }).click();
  const sent = await page.getByRole("region", { name: "Request", exact: true }).innerText();
  assert.ok(sent.startsWith(`GET /v2/${b.project_id}/users`) && sent.includes("X-Auth-Token: (your token)"), sent);
});

/** asked makes a call of the identity API and returns the answer. */
async function asked(method, path, token, body) {
  const headers = { "Content-Type": "application/json", ...(token && { "X-Auth-Token": token }) };
  const answer = await fetch(`${stage.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return { ...(text && JSON.parse(text)), subject: answer.headers.get("X-Subject-Token") };
}

/** tokenOf gets a token of the whole account with a password. */
const tokenOf = async (name, password) => {
  const user = { name, password, domain: { name: b.domain_name } };
  return (await asked("POST", "/v3/auth/tokens", "", { auth: { identity: { methods: ["password"], password: { user } } } })).subject;
};

/** careful adds a user of the account who has an authenticator app, and returns what it shows. */
async function careful(name, password) {
  const { user } = await asked("POST", "/v3/users", await tokenOf(b.user_name, b.password), { user: { name, password, domain_id: b.domain_id } });
  const token = await tokenOf(name, password);
  const { virtual_mfa_device: device } = await asked("POST", "/v3.0/OS-MFA/virtual-mfa-devices", token, { virtual_mfa_device: { name: "phone", user_id: user.id } });
  const code = app(device.base32_string_seed);
  await asked("PUT", "/v3.0/OS-MFA/mfa-devices/bind", token, {
    user_id: user.id, serial_number: device.serial_number, authentication_code_first: await code(), authentication_code_second: await code(),
  });
  return code;
}

test("Who has an authenticator app is asked for its code, and sees what is not allowed", async (t) => {
  const password = "Ink-and-books-7";
  const code = await careful("careful", password);
  const page = await visit(t, "#ListUsers", { bypassCSP: true });
  await page.getByRole("button", { name: "Sign in to try" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("careful");
  await dialog.locator("input[name=password]").fill(password);
  assert.equal(await dialog.locator("input[name=code]").count(), 0);
  await page.keyboard.press("Enter");
  const field = dialog.locator("input[name=code]");
  await field.waitFor();
  await until("the code has the focus", () => page.evaluate(() => document.activeElement.name), (name) => name === "code");
  await accessible(page);
  await picture(page, "docs-code");
  await field.fill("000000");
  await page.keyboard.press("Enter");
  await dialog.getByRole("alert").waitFor();
  await field.fill(await code());
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await outcome(page).getByText("403").waitFor(); // a user without a role
  const said = page.locator(".docs-outcome > .docs-code .docs-scroll");
  assert.ok((await said.innerText()).includes("encoded_authorization_message"), "a line longer than the page");
  assert.ok(await said.evaluate((e) => e.scrollWidth <= e.clientWidth), "what the server says is read without scrolling sideways");
  await picture(page, "docs-forbidden");
});

test("The token is in the memory of the page alone, and ends with it", async (t) => {
  const page = await visit(t);
  const issued = page.waitForResponse((r) => r.url().includes("/v3/auth/tokens") && r.request().method() === "POST");
  await signIn(page);
  const token = (await issued).headers()["x-subject-token"];
  assert.ok(token);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(token) && !kept.includes(b.password), kept);
  await page.reload();
  await page.locator("header").getByRole("button", { name: "Sign in" }).waitFor();
  const valid = () => fetch(`${stage.url}/v3/auth/projects`, { headers: { "X-Auth-Token": token } }).then((r) => r.status);
  await until("the token ends", valid, (status) => status === 401);
});

test("What changes something is rehearsed, and sent only when that is confirmed", async (t) => {
  const page = await visit(t, "#CreateDesktopUser");
  await signIn(page);
  const people = () =>
    fetch(`${stage.back}/administrator/GET/users`, { method: "POST" }).then((r) => r.json()).then((a) => a.users.map((u) => u.user_name));
  const body = page.getByLabel("Body (JSON)");
  await body.fill("{");
  await page.getByRole("button", { name: "Rehearse" }).click();
  await page.getByRole("alert").getByText("not JSON").waitFor();
  await body.fill('{"user_name": "$NAME"}');
  await page.getByRole("button", { name: "Rehearse" }).click();
  await page.getByRole("alert").getByText("$NAME").waitFor();
  await body.fill('{"user_name": "rehearsed", "active_type": "ADMIN_ACTIVATE", "password": "Books-and-ink-7"}');
  await page.getByRole("button", { name: "Rehearse" }).click();
  await outcome(page).getByText("A rehearsal").waitFor();
  assert.ok((await page.locator(".docs-outcome").innerText()).includes('"dry_run": true'));
  assert.ok(!(await people()).includes("rehearsed"));

  await page.getByRole("button", { name: "Send for real…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.ok(!(await people()).includes("rehearsed"));
  await page.getByRole("button", { name: "Send for real…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await page.locator(".docs-outcome").filter({ hasNotText: "A rehearsal" }).waitFor();
  assert.ok((await people()).includes("rehearsed"));
});

test("A file can be had, and what is refused is told", async (t) => {
  const page = await visit(t, "#ExportUsersTemplate");
  await signIn(page);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as a file" }).click();
  assert.match((await download).suggestedFilename(), /\.xlsx$/);
  await page.goto(`${stage.url}/docs#ShowJob`);
  await page.getByLabel("job_id").fill("none");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await outcome(page).getByText("404").waitFor();
  assert.ok((await page.locator(".docs-outcome").innerText()).includes("WKS.00010012"));
});
