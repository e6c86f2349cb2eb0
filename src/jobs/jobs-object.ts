/**
 * Runs jobs, one batch for each alarm, and stores their progress. A batch that was interrupted is run again. It must not
 * know what an action does; `run-step.ts` does.
 */
import { DurableObject } from "cloudflare:workers";
import { Alarm, backoff } from "../platform/alarm.ts";
import { log } from "../platform/log.ts";
import { objectContext } from "../platform/object-context.ts";
import type { Job } from "./job.ts";
import { END, JobTable, type RunningJob } from "./job-table.ts";

/** The first wait after a batch that failed, in milliseconds; it doubles up to a minute. */
const FIRST_BACKOFF = 1_000;

/**
 * After an interrupted batch, claims of dead letters that were not sent are dead again after a minute. The job then
 * starts over, or it would leave them out. In milliseconds.
 */
const CLAIMS_EXPIRED = 61_000;

/** How long an ended job is listed, in milliseconds. */
const RETENTION = 90 * 86_400_000;

export class Jobs extends DurableObject {
	readonly #table = new JobTable(this.ctx.storage.sql);
	readonly #alarm = new Alarm(this.ctx.storage);
	/** Batches in a row that failed. */
	#failures = 0;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() =>
			this.#alarm.start(() => this.#nextStepAt()),
		);
	}

	async start(
		job: Pick<Job, "id" | "action" | "q" | "count" | "by">,
	): Promise<void> {
		const now = Date.now();
		this.#table.deleteBefore(now - RETENTION);
		this.#table.insert(job, now);
		await this.#alarm.setBy(now);
	}

	async get(id: string): Promise<Job | null> {
		return this.#table.get(id) ?? null;
	}

	/** Lists jobs, the latest first. @param before the id of the last job of the page before */
	async list(limit: number, before: string): Promise<Job[]> {
		return this.#table.list(limit, before);
	}

	/** Stops a job after the batch that runs now. Returns false if it does not run. */
	async stop(id: string): Promise<boolean> {
		return this.#table.end(id, "stopped", Date.now());
	}

	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#alarm.run(
			run?.isRetry ?? false,
			() => this.#step(),
			() => this.#nextStepAt(),
		);
	}

	/** Never throws: an alarm that keeps throwing is dropped by the platform. */
	async #step(): Promise<void> {
		const now = Date.now();
		const job = this.#table.next(now);
		if (!job) return;
		const { id } = job;
		if (isOver(job)) {
			// An alarm can be early: it may have been set for a job that was stopped since.
			if (now >= job.againAt) this.#table.startOver(id);
			return;
		}
		const againAt = job.isInFlight ? now + CLAIMS_EXPIRED : job.againAt;
		this.#table.begin(id, againAt);
		try {
			const result = await objectContext().runJobStep(job);
			if (result.outage) {
				this.#table.advance(id, result);
				this.#fail(id, result.outage);
				return;
			}
			this.#table.advance(id, { ...result, cursor: result.cursor ?? END });
			this.#failures = 0;
			if (result.cursor === null && againAt === null)
				this.#table.end(id, "done", Date.now());
		} catch (error) {
			this.#fail(id, error);
		}
	}

	#fail(job: string, error: unknown): void {
		this.#failures++;
		log("job_step_failed", { job, failures: this.#failures, error });
	}

	#nextStepAt(): number | null {
		const now = Date.now();
		const job = this.#table.next(now);
		if (!job) return null;
		if (isOver(job)) return job.againAt;
		return now + backoff(FIRST_BACKOFF, this.#failures);
	}
}

function isOver(job: RunningJob): job is RunningJob & { againAt: number } {
	return job.cursor === END && job.againAt !== null;
}
