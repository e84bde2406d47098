// Package rollout brings a pool's desktops to another image, or back to the previous one.
//
// progress.Next, a pure function, decides: from a snapshot of the desktops (items) and the time to the next actions. AdvanceLocked
// applies it: with the pool locked, it reads the items, settles those whose sub-jobs have ended, calls it and writes the decision. It is
// called when a rebuild is requested or retried, when a user confirms to be ready, when a sub-job ends or a countdown expires, and
// periodically for all open rollouts by AdvanceRollouts, the safety net.
//
// A pool takes the image (takeImage) as soon as the first desktop works with it, so that desktops created meanwhile need no rebuild.
//
//	pool       old image ──────────────── the canary is DONE ────────────────▶ new image
//
//	item       WAITING ──▶ WARNED ──▶ REBUILDING ──▶ DONE
//	              │           │            └───────▶ FAILED     too many: the rest is STOPPED
//	              │           └─▶ STOPPED  the countdown is withdrawn
//	              └─▶ SKIPPED, STOPPED     gone, busy or not idle; not begun when the rebuild stopped
//
//	sub-job    WAITING, not due ──▶ WAITING, due at each reminder ──▶ RUNNING ──▶ SUCCESS or FAILED
//
// The item says what is to happen to a desktop, the sub-job what is happening: the sub-job of a waiting item is never due, and when a
// sub-job ends, the next AdvanceLocked settles its item. A retry sets both back to WAITING.
package rollout
