/** Size is one of a screen, in pixels. */
export interface Size {
  w: number;
  h: number;
}

/**
 * screenFor is the screen to ask for in a window of that size: whole pixels, and in a page that is zoomed out not more than the
 * window really has. ratio is how many of those a pixel of the page takes (devicePixelRatio). A 4K window at 33 % has
 * 11636x6545 pixels of the page, which nobody can see and which take a gigabyte of the desktop's memory.
 */
export function screenFor(window: Size, ratio: number): Size {
  const shrink = Math.min(ratio, 1);
  return { w: Math.max(1, Math.floor(window.w * shrink)), h: Math.max(1, Math.floor(window.h * shrink)) };
}
