export type Quality = "good" | "fair" | "poor" | "unknown";

const kept = 5;

/** Meter turns round trips in milliseconds into a word. It changes its mind slowly: the middle of the last five counts. */
export class Meter {
  private trips: number[] = [];

  add(trip: number) {
    this.trips = [...this.trips, trip].slice(-kept);
  }

  get quality(): Quality {
    const middle = [...this.trips].sort((a, b) => a - b)[Math.floor(this.trips.length / 2)];
    if (middle === undefined) return "unknown";
    return middle < 100 ? "good" : middle < 250 ? "fair" : "poor";
  }
}

/** pictureLevel is noVNC's JPEG quality for a connection. */
export const pictureLevel = (q: Quality) => ({ good: 8, unknown: 7, fair: 6, poor: 3 })[q];
