/**
 * Runs jobs, one batch for each alarm, and stores their progress. A batch that was interrupted is run again. It must not
 * know what an action does; `run-step.ts` does.
 */
import { DurableObject } from "cloudflare:workers";
import { Alarm, backoff } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { Job } from "./job.ts";
import { END, JobTable, type NewJob, type RunningJob } from "./job-table.ts";

/** The first wait after a batch that failed, in milliseconds; it doubles up to a minute. */
const FIRST_BACKOFF = 1_000;

/**
 * After an interrupted batch, claims of dead letters that were not sent are dead again after a minute. The job then
 * starts over, or it would leave them out. In milliseconds.
 */
const CLAIMS_EXPIRED = 61_000;

/** An ended job is deleted after this, when the next one starts. In milliseconds. */
const RETENTION = 90 * 86_400_000;

export class Jobs extends DurableObject {
	readonly #table = new JobTable(this.ctx.storage.sql);
	readonly #alarm = new Alarm("Jobs", this.ctx.id, this.ctx.storage);
	/** Jobs whose last batch failed: how many did in a row, and when the next one may begin, in epoch milliseconds. */
	readonly #failing = new Map<string, { failures: number; retryAt: number }>();
	#stepping: Promise<void> | undefined;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextStepAt()),
		);
	}

	/** @throws the error of an alarm that cannot be set; there is no job then */
	async start(job: NewJob): Promise<void> {
		const now = Date.now();
		this.#table.deleteBefore(now - RETENTION);
		this.#table.insert(job, now);
		try {
			await this.#alarm.setBy(now);
		} catch (error) {
			this.#table.delete(job.id);
			throw error;
		}
	}

	/** Also sets an alarm that went missing: the person who waits for a job looks at it. */
	async get(id: string): Promise<Job | null> {
		// A step sets the alarm when it ends. While it runs, none is set.
		if (!this.#stepping) await this.#alarm.start(() => this.#nextStepAt());
		return this.#table.get(id) ?? null;
	}

	/** Lists jobs, the latest first. @param before the id of the last job of the page before */
	async list(limit: number, before: string): Promise<Job[]> {
		return this.#table.list(limit, before);
	}

	/** Stops a job after the batch that runs now. Returns false if it does not run. */
	async stop(id: string): Promise<boolean> {
		this.#failing.delete(id);
		return this.#table.end(id, "stopped", Date.now());
	}

	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		this.#stepping ??= this.#alarm
			.run(
				run?.isRetry ?? false,
				() => this.#step(),
				() => this.#nextStepAt(),
			)
			.finally(() => {
				this.#stepping = undefined;
			});
		await this.#stepping;
	}

	/** Never throws: an alarm that keeps throwing is dropped by the platform. */
	async #step(): Promise<void> {
		const now = Date.now();
		const job = this.#next();
		// An alarm can be early: it may have been set for a job that was stopped since.
		if (!job || this.#readyAt(job) > now) return;
		const { id } = job;
		if (job.cursor === END) {
			// Without a time to start over, only its end could not be stored.
			if (isOver(job)) this.#table.startOver(id);
			else this.#table.end(id, "done", now);
			return;
		}
		const leavesClaims = job.isInFlight && job.action === "replay";
		const againAt = leavesClaims ? now + CLAIMS_EXPIRED : job.againAt;
		this.#table.begin(id, againAt);
		try {
			const result = await objectContext().runJobStep(job);
			if (result.outage) {
				this.#table.advance(id, result);
				this.#fail(id, result.outage);
				return;
			}
			this.#table.advance(id, { ...result, cursor: result.cursor ?? END });
			this.#failing.delete(id);
			if (result.cursor === null && (result.againAt ?? againAt) === null)
				this.#table.end(id, "done", Date.now());
		} catch (error) {
			this.#fail(id, error);
		}
	}

	/** The next batch of the job waits, and lets the batches of other jobs pass. */
	#fail(job: string, error: unknown): void {
		const failures = (this.#failing.get(job)?.failures ?? 0) + 1;
		const retryAt = Date.now() + backoff(FIRST_BACKOFF, failures);
		this.#failing.set(job, { failures, retryAt });
		log("job_step_failed", { job, failures, error });
	}

	/** The running job whose next batch may begin first; of several, the one that started first. */
	#next(): RunningJob | undefined {
		const now = Date.now();
		const readyAt = (job: RunningJob) => Math.max(now, this.#readyAt(job));
		// The sort is stable.
		return this.#table
			.running()
			.sort((one, other) => readyAt(one) - readyAt(other))[0];
	}

	/** When the next batch of a job may begin, in epoch milliseconds; 0 for at once. */
	#readyAt(job: RunningJob): number {
		if (isOver(job)) return job.againAt;
		return this.#failing.get(job.id)?.retryAt ?? 0;
	}

	#nextStepAt(): number | null {
		const job = this.#next();
		return job ? Math.max(Date.now(), this.#readyAt(job)) : null;
	}
}

function isOver(job: RunningJob): job is RunningJob & { againAt: number } {
	return job.cursor === END && job.againAt !== null;
}
