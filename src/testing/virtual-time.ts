/** Lets virtual time pass on the simulated platform: to the end of a call, of the present, or to a later time. */
import { current } from "./platform/isolate.ts";
import type { Platform } from "./platform/platform.ts";
import type { RealWork } from "./real-work.ts";

/** What is due within these milliseconds counts as due now: the scheduler waits that long for more due rows. */
const PRESENT = 20;

/** The longest that a call, or an attempt in progress, may take, in virtual milliseconds. */
const LONGEST = 15 * 60_000;

/** One call of a test that takes more steps is taken for endless. */
const MOST_STEPS = 20_000_000;

/** Between two runs of the cron trigger, in milliseconds. */
const CRON = 5 * 60_000;

/** How long the cron trigger runs after a fault, in milliseconds. Without a fault it has nothing to do. */
const WATCH = 4 * CRON;

/** Only one test lets time pass at once: its Worker is the one whose ports are in place. */
let turn: Promise<unknown> = Promise.resolve();

export class VirtualTime {
	readonly #platform: Platform;
	readonly #realWork: RealWork;
	readonly #activate: () => void;
	#watchUntil = 0;
	#isWatching = false;
	/** Whether the test's events are disposed. */
	isOver = false;

	/** @param activate puts the ports of this test's Worker in place */
	constructor(platform: Platform, realWork: RealWork, activate: () => void) {
		this.#platform = platform;
		this.#realWork = realWork;
		this.#activate = activate;
		platform.time.standStill = realWork.wait;
	}

	/** Runs until the promise settles, and starts no batch meanwhile. */
	async settled<Result>(act: () => Promise<Result>): Promise<Result> {
		return this.#exclusively(async () => {
			const { time } = this.#platform;
			this.#platform.hold();
			try {
				let isSettled = false;
				const promise = act();
				const end = () => {
					isSettled = true;
				};
				promise.then(end, end);
				await new Promise((resolve) => setImmediate(resolve));
				const limit = time.now + LONGEST;
				while (!(await this.#runs(time.now, () => isSettled))) {
					if (isSettled || (await this.#realWork.wait())) continue;
					if (time.now >= limit)
						throw new Error(
							"tidings/testing: the call has not ended within 15 minutes of virtual time; does it wait for an event that only settle() delivers?",
						);
					const next = Math.min(time.nextAt ?? limit, limit);
					await this.#runs(next, () => isSettled);
				}
				return await promise;
			} finally {
				this.#platform.release();
			}
		});
	}

	/** Runs everything that is due now, and to their ends the attempts that this starts. */
	async settle(): Promise<void> {
		return this.#exclusively(() => this.#settle());
	}

	/** @param until epoch milliseconds */
	async advance(until: number): Promise<void> {
		return this.#exclusively(async () => {
			await this.#runs(until, () => false);
			await this.#settle();
		});
	}

	/** The cron trigger runs for a while, because a fault may have left work without an alarm. */
	readonly watch = (): void => {
		const { time } = this.#platform;
		this.#watchUntil = time.now + WATCH;
		if (this.#isWatching) return;
		this.#isWatching = true;
		const tick = () => {
			this.#platform.tick();
			this.#isWatching = time.now < this.#watchUntil;
			if (this.#isWatching) time.after(CRON, tick);
		};
		time.at(Math.ceil((time.now + 1) / CRON) * CRON, tick);
	};

	stop(): void {
		this.isOver = true;
	}

	async #settle(): Promise<void> {
		const { time } = this.#platform;
		const limit = time.now + LONGEST;
		for (;;) {
			await this.#runs(time.now, () => false);
			if (await this.#realWork.wait()) continue;
			const next = time.nextAt;
			const present = this.#isBusy() ? limit : time.now + PRESENT;
			if (next === undefined || next > present) return;
			await this.#runs(next, () => false);
		}
	}

	/** Whether a batch, a call of an object or an alarm is in progress. */
	#isBusy(): boolean {
		const { queues, objects } = this.#platform;
		return (
			[...queues.values()].some(({ underWay }) => underWay.size > 0) ||
			[...objects.values()].some(({ isIdle }) => !isIdle)
		);
	}

	/** Returns whether `isOver` ended it. @throws Error after too many steps */
	async #runs(until: number, isOver: () => boolean): Promise<boolean> {
		const { time } = this.#platform;
		const most = time.steps + MOST_STEPS;
		const isEndless = () => this.isOver || time.steps > most;
		const ended = await time.run(until, () => isOver() || isEndless());
		if (this.isOver)
			throw new Error("tidings/testing: this test's events are disposed");
		if (time.steps > most)
			throw new Error(
				`tidings/testing: no end after ${MOST_STEPS} steps; does a handler publish its own event without end?`,
			);
		return ended;
	}

	async #exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
		if (current())
			throw new Error(
				"tidings/testing: time cannot pass inside a handler or bus.request; call this from the test",
			);
		const before = turn;
		const { promise, resolve } = Promise.withResolvers<void>();
		turn = promise;
		await before;
		try {
			this.#activate();
			return await act();
		} finally {
			resolve();
		}
	}
}
