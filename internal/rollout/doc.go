// Package rollout brings a pool's desktops to another image, or back. Rollout decides what is next, a pure function; Advance
// carries that out while it holds the pool.
//
// One function decides, Rollout: from how far each desktop (an item) is and the time to what is next, without looking at anything else.
// One function wakes it, Advance: it reads the items under the pool's lock, settles what their sub-jobs came to, has Rollout decide, and
// writes what was decided. It is called when a rebuild is asked for or retried, when a person says that they are ready, when a sub-job
// ends or a countdown runs out, and by AdvanceRollouts, which looks at all that is under way and is the safety net.
//
// A pool has the image of the first desktop that took it (takeImage), so that desktops which the pool makes meanwhile need no rebuild.
//
//	pool       old image ──────────────── the canary is DONE ────────────────▶ new image
//
//	item       WAITING ──▶ WARNED ──▶ REBUILDING ──▶ DONE
//	              │           │            └───────▶ FAILED     too many: the rest is STOPPED
//	              │           └─▶ STOPPED  the countdown is taken back
//	              └─▶ SKIPPED, STOPPED     gone, busy or not idle; not begun when the rebuild stopped
//
//	sub-job    WAITING, not due ──▶ WAITING, due at each reminder ──▶ RUNNING ──▶ SUCCESS or FAILED
//
// The item says what is to become of a desktop, the sub-job what is being done to it: a sub-job of which the item waits is never due,
// and one that ends is settled into its item by the next Advance. A retry puts both back to WAITING.
package rollout
