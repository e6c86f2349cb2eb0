/** An isolate of the Worker that owns the queues. Each runs one deploy. */
import { Isolate } from "./isolate.ts";
import type { Platform } from "./platform.ts";
import type { Deploy } from "./worker.ts";

/** An isolate of the Worker. It runs concurrent invocations of one deploy. */
export class WorkerIsolate extends Isolate {
	readonly deploy: Deploy;

	constructor(platform: Platform, label: string, deploy: Deploy) {
		super(platform, label, deploy.vars && { ...platform.env, ...deploy.vars });
		this.deploy = deploy;
	}
}
