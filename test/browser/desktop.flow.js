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

// Texts of several scripts, most of whose characters a fresh display's layout does not have.
const texts = [
  "ж",
  "Съешь же ещё этих мягких французских булок, да выпей чаю",
  "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
  "Pchnąć w tę łódź jeża lub ośm skrzyń fig",
  "Dès Noël où un zéphyr haï me vêt de glaçons würmiens, je dîne d'exquis rôtis de bœuf à l'aÿ d'âge mûr",
  "Größe aus Köln, süß: 5 €",
  "いろはにほへと ちりぬるを",
  "你好，世界：中文输入法必须可用。",
  Array.from({ length: 500 }, (_, i) => String.fromCodePoint(0x4e00 + 7 * i)).join(""),
];

/** type sends real key events for each character, a capital with Shift, as keyboards of that script do. */
async function type(page, text) {
  const keyboard = await page.context().newCDPSession(page);
  const key = (type, key, code, modifiers = 0) =>
    keyboard.send("Input.dispatchKeyEvent", { type, key, code, modifiers, ...(type === "keyDown" ? { text: key } : {}) });
  for (const character of text) {
    const capital = character !== character.toLowerCase();
    const code = character === " " ? "Space" : "KeyQ";
    if (capital) await key("rawKeyDown", "Shift", "ShiftLeft", 8);
    await Promise.all([key("keyDown", character, code, capital ? 8 : 0), key("keyUp", character, code, capital ? 8 : 0)]);
    if (capital) await key("keyUp", "Shift", "ShiftLeft");
  }
  await keyboard.detach();
}

/** within is a command as a program of the person's session runs it. */
const within = (command) =>
  `export DISPLAY=:1 XAUTHORITY=/run/carrel/demo/xauthority XDG_RUNTIME_DIR=/run/user/$(id -u) ` +
  `DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$(id -u)/bus; setsid ${command} >/dev/null 2>&1 </dev/null &`;

/**
 * intoFile opens, without a key, a terminal in which each character that is typed goes to a file at once. It returns when the
 * terminal has the keyboard, which the terminal itself says into the file.
 */
async function intoFile(file) {
  await inside(`printf '%s\\n' 'stty -icanon; printf "\\033[?1004h"; exec cat >"$1"' >into.sh`);
  await inside(within(`xfce4-terminal --disable-server --command "sh into.sh ${file}"`));
  await until("the terminal has the keyboard", () => inside(`cat ${file}`), (got) => String(got).endsWith("\x1b[I"), 60_000);
}

/** typedInto is what came into the file, without the words of the terminal about the keyboard. */
const typedInto = async (file) => (await inside(`cat ${file}`)).replaceAll(/\x1b\[[IO]/g, "");

test("Every character of every script arrives, the very first one of a fresh display too, and again after a reconnect", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  for (const [file, order] of [["typed", texts], ["typed-again", texts.toReversed()]]) {
    await shown(page);
    await calm(page);
    await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
    await intoFile(file);
    let typed = "";
    for (const text of order) {
      const characters = [...text];
      while (characters.length > 0) {
        // Not faster than the terminal reads: X has few free keys, and gives those of the oldest characters to new ones.
        const next = characters.splice(0, 10).join("");
        await type(page, next);
        typed += next;
        await until(`${next} of ${text}`, () => typedInto(file), (got) => [...String(got)].length >= [...typed].length, 30_000);
      }
      await page.keyboard.press("Enter");
      typed += "\n";
    }
    await until("the last line", () => typedInto(file), (got) => String(got).endsWith("\n"));
    await picture(page, `xfce-${file}`);
    assert.equal(await typedInto(file), typed);
    await inside("pkill -x xfce4-terminal");
    await says("pgrep -c -u demo xfce4-terminal || true", "0", 30_000);
    await page.reload();
  }
});

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

// An editor that remembers nothing: else it asks, after it was ended, whether to restore what it had.
const mousepad = "env GSETTINGS_BACKEND=memory mousepad --disable-server";

test("A large text goes through the clipboard into the desktop, and what is too large is said", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  const line = "0123456789 剪贴板\n"; // 21 bytes
  const copyOutside = async (lines) => {
    await page.evaluate(([text, n]) => navigator.clipboard.writeText(text.repeat(n)), [line, lines]);
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  };
  const edit = async (file) => {
    await inside(within(`${mousepad} ${file}`));
    await says("pgrep -c -u demo -x mousepad", "1", 60_000);
    await new Promise((next) => setTimeout(next, 2000)); // until its window has the keyboard there is nothing to see from outside
  };

  await inside(": >large-in");
  await edit("large-in");
  await copyOutside(400_000);
  await until(
    "eight megabytes inside",
    async () => {
      await page.keyboard.press("Control+a");
      await page.keyboard.press("Control+v");
      await page.keyboard.press("Control+s");
      return inside("stat -c %s large-in");
    },
    (size) => Number(size) >= 400_000 * 21,
    120_000,
  );
  await inside("pkill -x mousepad");

  await copyOutside(900_000);
  await page.getByRole("alert").getByText("The clipboard carries at most 16 MB").waitFor();
  await picture(page, "xfce-clipboard-too-large");
});

test("A large text comes out of the desktop through the clipboard, and what is too large is said", async (t) => {
  const page = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  const line = "0123456789 剪贴板\n"; // 21 bytes
  const copyInside = async (lines, done) => {
    await inside(`yes '${line.trim()}' | head -n ${lines} >large-out`);
    await inside(within(`${mousepad} large-out`));
    await until("the editor", () => inside("pgrep -c -u demo -x mousepad"), (n) => Number(n) === 1);
    let pressed = 0;
    await until(
      `${lines} lines copied`,
      async () => {
        if (Date.now() - pressed > 10_000) { // not while it is being handed over: copying again begins that anew
          await page.keyboard.press("Control+a");
          await page.keyboard.press("Control+c");
          pressed = Date.now();
        }
        return done();
      },
      (copied) => copied === true,
    );
    await inside("pkill -x mousepad");
  };

  await page.evaluate(() => navigator.clipboard.writeText(""));
  const read = () => page.evaluate(() => navigator.clipboard.readText());
  await copyInside(250_000, async () => (await read()).length === 250_000 * 15);
  assert.ok((await read()) === line.repeat(250_000), "the text is another one");

  // Who copies more than goes outside is told so inside, where notices come: at the right, above.
  const notice = () =>
    page.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => {
      const { data } = c.getContext("2d").getImageData(c.width - 100, 20, 80, 60);
      return data.reduce((sum, byte, i) => (sum * 31 + byte * (i % 7)) % 1000003, 7);
    });
  const before = await notice();
  await copyInside(900_000, async () => (await notice()) !== before);
  await picture(page, "xfce-clipboard-too-large-inside");
  assert.ok((await read()) === line.repeat(250_000), "a part of it came");
});

test("A huge screen costs nobody their session, whether the page asks for it or a program inside", async (t) => {
  const everything = () => inside("pgrep -d ' ' -x 'Xvnc|xfce4-session|xfwm4|xfce4-panel|xfdesktop'");
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  const before = await everything();
  const onDisplay = (command) => inside(`export DISPLAY=:1 XAUTHORITY=/run/carrel/demo/xauthority; ${command}`);
  const pixels = () =>
    onDisplay("xrandr | sed -n 's/.* current \\([0-9]*\\) x \\([0-9]*\\),.*/\\1 \\2/p'").then((size) => {
      const [w, h] = size.trim().split(" ").map(Number);
      return w * h;
    });
  const smallAgain = () => until("a small screen", pixels, (n) => n <= 33_177_600);

  await onDisplay("xrandr --fb 11636x6545");
  await smallAgain();
  await onDisplay("xrandr --fb 16000x16000 || true"); // refused where it is more than the display may take
  await smallAgain();
  await onDisplay(
    "xrandr --newmode huge 100 11636 11636 11636 11636 6545 6545 6545 6545; xrandr --addmode VNC-0 huge; xrandr --output VNC-0 --mode huge",
  );
  await smallAgain();
  assert.match(await inside("cat /run/carrel/demo/rfb 2>&1 || true"), /Permission denied|No such device/);
  assert.equal(await inside("perl -MIO::Socket::UNIX -e 'print IO::Socket::UNIX->new(Peer => \"/run/carrel/demo/rfb\") ? 1 : 0'"), "0");

  const zoomedOut = await open(t, { viewport: { width: 11636, height: 6545 }, deviceScaleFactor: 0.33 });
  await signIn(zoomedOut);
  await zoomedOut.getByRole("link", { name: "Open workbench" }).click();
  await shown(zoomedOut);
  const size = () => zoomedOut.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => `${c.width}x${c.height}`);
  await until("the screen's size", size, (got) => got === "3839x2159");
  await zoomedOut.setViewportSize({ width: 1280, height: 800 });
  await until("the screen's size", size, (got) => got === "422x264");
  assert.equal(await everything(), before);
});

test("Firefox plays H.264", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  // What Firefox would play, it says to a server of one answer inside.
  await inside(`cat >plays.html <<'EOF'
<h1></h1><script>
const type = 'video/mp4; codecs="avc1.42E01E, mp4a.40.2"';
const plays = document.createElement("video").canPlayType(type) + "-" + MediaSource.isTypeSupported(type);
document.querySelector("h1").textContent = plays;
new Image().src = "http://127.0.0.1:8765/" + plays;
</script>
EOF
cat >hear.pl <<'EOF'
use IO::Socket::INET;
my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1:8765", ReuseAddr => 1) or die;
print scalar readline $server->accept;
EOF`);
  await inside(within("sh -c 'exec perl hear.pl >heard'"));
  await inside(within("firefox-esr --kiosk plays.html"));
  await until("what Firefox plays", () => inside("cat heard"), (got) => String(got).startsWith("GET /"));
  assert.match(await inside("cat heard"), /^GET \/probably-true /);
  await picture(page, "xfce-firefox");
  await inside("pkill -f firefox-esr; true").catch(() => {});
});

const began = () => inside("stat -c %Y /proc/1");

/** power does it from the toolbar, and confirms. */
async function power(page, action) {
  await page.mouse.move(640, 300);
  await page.mouse.move(640, 0);
  await page.getByRole("button", { name: "Restart or shut down" }).click();
  await page.getByRole("menuitem", { name: action }).click();
  await page.getByRole("dialog").getByRole("button", { name: action }).click();
}

test("A person restarts and shuts down their desktop, from its toolbar and from inside", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  const off = () => page.getByRole("heading", { name: "Your desktop is off" }).waitFor({ timeout: 120_000 });
  const start = async () => {
    await page.getByRole("button", { name: "Start" }).click();
    await shown(page);
    await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  };
  const restarted = async (before) => {
    await until("a new start", began, (now) => /^\d+$/.test(String(now).trim()) && now !== before, 120_000);
    await shown(page);
    await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  };

  let before = await began();
  await power(page, "Restart");
  await restarted(before);
  await power(page, "Shut down");
  await off();
  await start();

  await inside(within("xfce4-session-logout"));
  await until("the dialog", () => inside("pgrep -c polkitd"), (n) => Number(n) > 0, 60_000); // it asks what may be done
  await picture(page, "xfce-log-out");
  await page.keyboard.press("Escape");
  before = await began();
  await inside(within("xfce4-session-logout --reboot --fast"));
  await restarted(before);
  await inside(within("xfce4-session-logout --halt --fast"));
  await off();
  await start();
  await picture(page, "xfce-after-restarts");
});

test("The menu opens by its key, and every program in it is there", async (t) => {
  const page = await open(t);
  await signIn(page);
  await page.getByRole("link", { name: "Open workbench" }).click();
  await shown(page);
  await calm(page);
  await until("the panel", () => inside("pgrep -c -u demo xfce4-panel"), (n) => Number(n) > 0, 60_000);
  const corner = () =>
    page.locator(".desk canvas:not(.desk-ghost)").evaluate((c) => {
      const { data } = c.getContext("2d").getImageData(0, c.height - 300, 100, 250);
      return data.reduce((sum, byte, i) => (sum * 31 + byte * (i % 7)) % 1000003, 7);
    });
  await page.mouse.click(700, 300);
  const closed = await corner();
  await until(
    "the menu",
    async () => {
      if ((await corner()) === closed) await page.keyboard.press("Meta");
      await new Promise((next) => setTimeout(next, 500));
      return corner();
    },
    (now) => now !== closed,
    60_000,
  );
  await picture(page, "xfce-menu");
  await page.keyboard.press("Escape");
  const missing = await inside(`
    for f in /usr/share/applications/*.desktop; do
      grep -q '^NoDisplay=true' "$f" && continue
      program=$(grep -m 1 '^Exec=' "$f" | cut -d = -f 2 | tr -d '"' | cut -d ' ' -f 1)
      command -v "$program" >/dev/null || echo "$(basename "$f"): $program"
      case $(sed -n 's/^Exec=exo-open --launch //p' "$f" | head -n 1) in
        MailReader*) echo "$(basename "$f"): there is no mail program" ;;
      esac
    done
    for program in git curl wget ssh man evince xfce4-screenshooter xfce4-taskmanager pavucontrol galculator sensible-browser x-terminal-emulator; do
      command -v $program >/dev/null || echo $program
    done
    man -w ls >/dev/null || echo "the manual of ls"`);
  assert.equal(missing.trim(), "");
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
