// Imported before uPlot, which formats numbers by navigator.language as it loads: Chromium under a POSIX locale calls its
// language "en-US@posix", which Intl refuses, and the whole page would stay empty.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US", configurable: true });
}
