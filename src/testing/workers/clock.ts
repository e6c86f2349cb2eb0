/**
 * The clock that the code of this isolate reads: `Date`. A test moves it ahead, and never back, because leases and
 * caches of Tidings rely on that. Timers, and the alarms and delays of the platform, follow the real time.
 */
const RealDate = Date;
const { now } = RealDate;

/** How far the clock is ahead, in milliseconds. It outlives a test, whose objects may outlive it too. */
let ahead = 0;

function install(): void {
	RealDate.now = () => now() + ahead;
	globalThis.Date = new Proxy(RealDate, {
		construct: (real, args, target) =>
			Reflect.construct(real, args.length === 0 ? [real.now()] : args, target),
		apply: (real) => String(new real(real.now())),
	});
	RealDate.prototype.constructor = Date;
}

export const clock = {
	/** The real time, in epoch milliseconds. */
	real: () => now(),

	/** Continues where the test before ended. */
	start(): void {
		if (ahead > 0) install();
	},

	/** @param at epoch milliseconds; a time that is past changes nothing */
	moveTo(at: number): void {
		ahead += Math.max(0, at - Date.now());
		install();
	},

	/** Returns to the real time. */
	stop(): void {
		RealDate.now = now;
		globalThis.Date = RealDate;
		RealDate.prototype.constructor = RealDate;
	},
};
