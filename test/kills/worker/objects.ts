/** The product's objects, with a fault point on either side of each call to them and of each call to their alarm. */
import * as tidings from "tidings/worker";
import { faulty, inside, type Place, placeOf } from "./points.ts";

type Rows = Parameters<tidings.Scheduler["store"]>[0];
type Letters = Parameters<tidings.DeadLetters["store"]>[0];

export class Scheduler extends tidings.Scheduler {
	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		withAlarmPoints(ctx.storage);
		super(ctx, env);
	}

	override async store(rows: Rows): Promise<void> {
		const place = placeOf("Scheduler stores");
		await inside(place, () => faulty("store", () => super.store(rows)));
	}

	override async alarm(): Promise<void> {
		const place = placeOf("Scheduler flushes");
		await inside(place, () => faulty("alarm", () => super.alarm()));
	}
}

export class DeadLetters extends tidings.DeadLetters {
	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		withAlarmPoints(ctx.storage);
		super(ctx, env);
	}

	override async store(letters: Letters): Promise<void> {
		const place = placeOf("DeadLetters stores");
		await inside(place, () => faulty("store", () => super.store(letters)));
	}
}

export class Payloads extends tidings.Payloads {
	/** Named by its first body: all large bodies of the scenario tell which event they are of. */
	#place: Place | undefined;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		withAlarmPoints(ctx.storage);
		super(ctx, env);
	}

	override async put(text: string, until: number): Promise<void> {
		// `keep` calls it as well, and is at its place already.
		await this.#at(text, () => faulty("put", () => super.put(text, until)));
	}

	override async get(): Promise<string | null> {
		return this.#at(undefined, () => faulty("get", () => super.get()));
	}

	override async keep(until: number): Promise<void> {
		await this.#at(undefined, () => faulty("keep", () => super.keep(until)));
	}

	#at<Result>(text: string | undefined, run: () => Result): Result {
		if (text !== undefined)
			this.#place ??= placeOf(`Payloads of ${JSON.parse(text).of}`);
		return inside(this.#place ?? placeOf("Payloads after a restart"), run);
	}
}

function withAlarmPoints(storage: DurableObjectStorage): void {
	for (const name of ["getAlarm", "setAlarm", "deleteAlarm"] as const) {
		const perform = storage[name].bind(storage) as (
			...args: unknown[]
		) => Promise<unknown>;
		Object.assign(storage, {
			[name]: (...args: unknown[]) => faulty(name, () => perform(...args)),
		});
	}
}
