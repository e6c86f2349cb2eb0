/**
 * A service binding to another Worker: a call runs in an isolate of that Worker. A function among the arguments calls
 * back into the isolate that made the call, as RPC does.
 */
import { CALL_STRIKES, callOut } from "./call.ts";
import { Isolate, type Work, workHere } from "./isolate.ts";
import type { Platform } from "./platform.ts";

/** Most isolates of the Worker that accept new calls. */
const MOST_ISOLATES = 2;

type Entrypoint = Record<string, (...args: unknown[]) => Promise<unknown>>;

class ServiceIsolate extends Isolate {
	readonly entrypoint: Entrypoint;

	constructor(
		platform: Platform,
		label: string,
		entrypoint: Entrypoint,
		env?: Record<string, unknown>,
	) {
		super(platform, label, env);
		this.entrypoint = entrypoint;
	}
}

export class Service {
	readonly #platform: Platform;
	readonly #name: string;
	readonly #deployed: () => object;
	readonly #env: Record<string, unknown> | undefined;
	#isolates: ServiceIsolate[] = [];
	#count = 0;

	/**
	 * @param deployed returns the entrypoint of an isolate that starts now
	 * @param env of the Worker; default: that of the platform
	 */
	constructor(
		platform: Platform,
		name: string,
		deployed: () => object,
		env?: Record<string, unknown>,
	) {
		this.#platform = platform;
		this.#name = name;
		this.#deployed = deployed;
		this.#env = env;
	}

	/** The binding of a caller. It appears to have every method. */
	readonly stub: object = new Proxy(
		{},
		{
			get:
				(_, method) =>
				(...args: unknown[]) =>
					this.#call(String(method), args),
		},
	);

	kill(): void {
		for (const isolate of this.#isolates) isolate.kill();
	}

	#call(method: string, args: unknown[]): Promise<unknown> {
		const subjects = this.#platform.subjectsOf(args);
		const caller = workHere();
		return callOut({
			name: `${this.#name}.${method}`,
			subjects,
			may: CALL_STRIKES,
			perform: () => {
				if (this.#platform.isDown(this.#name))
					throw new Error(`${this.#name} is not deployed`);
				const isolate = this.#isolate();
				return performIn(isolate, async () => {
					const act = isolate.entrypoint[method];
					if (!act) throw new TypeError(`${this.#name} has no ${method}`);
					const asStub = (act: unknown) =>
						this.#callback(act as never, caller, method, subjects);
					const given = args.map((arg) => copyOf(arg, asStub));
					return structuredClone(
						await act.apply(isolate.entrypoint, given as never),
					);
				});
			},
		});
	}

	/** A function of the caller, as the Worker sees it. */
	#callback(
		act: (...args: unknown[]) => Promise<unknown>,
		caller: Work,
		method: string,
		subjects: readonly string[],
	) {
		return (...args: unknown[]) =>
			callOut({
				name: `${this.#name}.${method} callback`,
				subjects,
				may: CALL_STRIKES,
				perform: () =>
					performIn(
						caller.isolate,
						() => act(...structuredClone(args)),
						caller,
					),
			});
	}

	#isolate(): ServiceIsolate {
		const { fate } = this.#platform;
		const entrypoint = this.#deployed() as Entrypoint;
		this.#isolates = this.#isolates.filter(({ alive }) => alive);
		const fitting = this.#isolates.filter(
			(one) => one.entrypoint === entrypoint,
		);
		const shared =
			fitting[Math.floor(fate.next(`share ${this.#name}`) * MOST_ISOLATES)];
		if (shared) return shared;
		const label = `${this.#name} ~${++this.#count}`;
		const isolate = new ServiceIsolate(
			this.#platform,
			label,
			entrypoint,
			this.#env,
		);
		this.#isolates = [isolate, ...this.#isolates].slice(0, MOST_ISOLATES);
		return isolate;
	}
}

/** Copies an argument as RPC does: a function, or each function of an object, becomes a stub. */
function copyOf(arg: unknown, asStub: (act: unknown) => unknown): unknown {
	if (typeof arg === "function") return asStub(arg);
	const members = Object.entries(Object(arg) as object);
	return members.some(([, member]) => typeof member === "function")
		? Object.fromEntries(
				members.map(([name, member]) => [name, copyOf(member, asStub)]),
			)
		: structuredClone(arg);
}

/** Runs code in an isolate. Fails if the isolate is dead, or dies meanwhile. */
function performIn<Result>(
	isolate: Isolate,
	act: () => Promise<Result>,
	work: Work = isolate.work,
): Promise<Result> {
	return new Promise((resolve, reject) => {
		const died = () => reject(new Error("the Worker exceeded its memory"));
		if (!isolate.alive) return died();
		const forget = isolate.onDeath(died);
		work.run(act).then(resolve, reject).finally(forget);
	});
}
