import RFB from "@novnc/novnc";
import { screenFor } from "./size";

/**
 * Viewer shows a screen that fits its window. Where noVNC asks again for what it did not get, as often as it is refused, this
 * asks once for each size of the window: the gateway or the desktop may have given less, for its memory.
 */
export default class Viewer extends RFB {
  private asking = false;
  private asked = "";

  protected override _requestRemoteResize() {
    const { w, h } = screenFor(super._screenSize(), window.devicePixelRatio);
    const wish = `${w}x${h}`;
    if (wish === this.asked) return;
    const before = this._pendingRemoteResize;
    this.asking = true;
    super._requestRemoteResize();
    this.asking = false;
    if (!before && this._pendingRemoteResize) this.asked = wish;
  }

  protected override _screenSize() {
    const size = super._screenSize();
    return this.asking ? screenFor(size, window.devicePixelRatio) : size;
  }
}
