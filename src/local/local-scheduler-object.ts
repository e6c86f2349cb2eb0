/**
 * The class `Scheduler` of a build for `wrangler dev`: one object of the scheduler's namespace has the queues of a
 * durable local run, so that no project declares an object for it. All other objects are shards. No deploy contains it.
 */
import { Scheduler } from "../schedule/scheduler-object.ts";
import { LocalQueues } from "./local-queues.ts";
import type { LocalQueue } from "./message-table.ts";

export class LocalScheduler extends Scheduler {
	readonly #queues = new LocalQueues(this.ctx);

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() => this.#queues.start());
	}

	async send(
		queue: LocalQueue,
		records: readonly string[],
		delaySeconds: number,
	): Promise<void> {
		await this.#queues.send(queue, records, delaySeconds);
	}

	async metrics(queue: string): Promise<QueueMetrics> {
		return this.#queues.metrics(queue);
	}

	/**
	 * A shard has no messages, and the object with the queues has no rows. Both get each alarm: one that did not learn
	 * that its alarm has fired would wait for it, and set none.
	 */
	override async alarm(run?: AlarmInvocationInfo): Promise<void> {
		await this.#queues.alarm();
		await super.alarm(run);
	}
}
