package workspace

// JobResizePool gives a pool's desktops another product.
const JobResizePool JobType = "resizeDesktopPool"
