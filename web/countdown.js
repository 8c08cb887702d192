// A wait that is counted down in sight and can be called off.

/** `show(seconds)` is told each second, and `null` at the end. Returns `start(seconds, onEnd)` and `stop()`. */
export function createCountdown(show) {
  let timer;
  function stop() {
    clearInterval(timer);
    show(null);
  }
  return {
    start(seconds, onEnd) {
      stop();
      const end = performance.now() + seconds * 1000;
      const step = () => {
        const left = Math.ceil((end - performance.now()) / 1000);
        if (left > 0) return show(left);
        stop();
        onEnd();
      };
      timer = setInterval(step, 250);
      step();
    },
    stop,
  };
}
