// A lock held for as long as this thread lives: when the browser gives it to the page, the thread is no more (worker_thread.ts).
void navigator.locks?.request(self.name, () => {
  postMessage("alive");
  return new Promise(() => {});
});

export {};
