/** The clock of the Worker. It stands still while pages are opened, so that each run counts the same minutes and days. */

const DAY = 86_400_000;

const realNow = Date.now.bind(Date);
let now: number | undefined;
Date.now = () => now ?? realNow();

/** Tomorrow at noon: alarms that are set by it stay ahead of the real clock, and do not fire while the bench runs. */
export function noon(): number {
	return (Math.ceil(realNow() / DAY) + 0.5) * DAY;
}

/** Stops the clock at a time. */
export function setTime(time: number): void {
	now = time;
}
