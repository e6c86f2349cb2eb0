/** The objects of Tidings, with a fault point before and after each call of them and of their alarm. */
import * as tidings from "tidings/objects";
import { faulty, inside, type Place, placeOf } from "./points.ts";

type Rows = Parameters<tidings.Scheduler["store"]>[0];
type DeadLetterRows = Parameters<tidings.DeadLetters["store"]>[0];

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

	override async store(deadLetters: DeadLetterRows): Promise<void> {
		const place = placeOf("DeadLetters stores");
		await inside(place, () => faulty("store", () => super.store(deadLetters)));
	}
}

export class Payloads extends tidings.Payloads {
	/** Named by its first body, which contains the kind of its event. */
	#place: Place | undefined;

	constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
		withAlarmPoints(ctx.storage);
		super(ctx, env);
	}

	override async put(text: string, until: number): Promise<void> {
		// `keep` calls it too, and has set the place.
		await this.#at(text, () => faulty("put", () => super.put(text, until)));
	}

	override async get(): Promise<string | null> {
		return this.#at(undefined, () => faulty("get", () => super.get()));
	}

	override async extend(until: number): Promise<boolean> {
		return this.#at(undefined, () =>
			faulty("extend", () => super.extend(until)),
		);
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
