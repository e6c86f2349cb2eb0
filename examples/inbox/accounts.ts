/** Keeps account of what came in, what it led to, and what is kept in the end; it shares no code with what it checks. */
import type { Transition } from "tidings";

export class Accounts {
	/** Ids of the events that outside services have a receipt for, and what those are. */
	readonly #held = new Map<string, string>();
	readonly #repeated: string[] = [];
	readonly #expected: string[] = [];
	#unwanted = 0;
	#transitions: Transition[] = [];
	#kept: string[] = [];

	note(transition: Transition): void {
		this.#transitions.push(transition);
	}

	/** Takes what the bucket has. */
	compare(paths: string[]): void {
		this.#kept = paths.toSorted();
	}

	isKept(path: string): boolean {
		return this.#kept.includes(path);
	}

	/**
	 * A webhook's call was answered with 202.
	 *
	 * @param path what is to be kept of it; undefined where nobody is to get it
	 */
	accept(id: string, what: string, path?: string): void {
		this.#held.set(id, what);
		if (path === undefined) this.#unwanted += 1;
		else this.#expected.push(path);
	}

	/** The same was sent again. @throws Error when it was taken for another */
	acceptAgain(id: string): void {
		if (!this.#held.has(id))
			throw new Error(`${id}: what came again was held as another event`);
		this.#repeated.push(id);
	}

	missing(): string[] {
		const sent = this.#sent();
		const ignored = sent.filter((id) => this.#ends(id, "ignored") > 0);
		return [
			...[...this.#held].flatMap(([id, what]) =>
				this.#ends(id, "delivered") === 1
					? []
					: `${what}: handled ${this.#ends(id, "delivered")} times`,
			),
			...(sent.length === this.#held.size
				? []
				: [`${this.#held.size} were held, but ${sent.length} events sent`]),
			...sent
				.filter((id) => this.#ends(id, "delivered", "ignored") !== 1)
				.map((id) => `${id}: sent, and not delivered once`),
			...(ignored.length === this.#unwanted
				? []
				: [`${ignored.length} came to nobody, not ${this.#unwanted}`]),
			...this.#expected
				.filter((path) => !this.isKept(path))
				.map((path) => `${path}: not kept`),
			...this.#kept
				.filter((path) => !this.#expected.includes(path))
				.map((path) => `${path}: kept, and nobody was to get it`),
		];
	}

	summary(): string {
		const sent = this.#sent();
		const delivered = sent.filter((id) => this.#ends(id, "delivered") > 0);
		return [
			...this.#kept.map((path) => `kept: ${path}`),
			"",
			`${this.#held.size} calls of webhooks were held and handled, ${this.#repeated.length} came again and changed nothing.`,
			`${sent.length} events were sent: ${delivered.length} delivered, ${this.#unwanted} to nobody; ${this.#kept.length} files are kept, and nothing is missing.`,
		].join("\n");
	}

	/** Ids of the apps' own events. */
	#sent(): string[] {
		const sent = this.#transitions.flatMap(({ type, id }) =>
			type === "published" || type === "scheduled" ? id : [],
		);
		return sent.filter((id) => !this.#held.has(id));
	}

	#ends(id: string, ...types: Transition["type"][]): number {
		return this.#transitions.filter(
			(one) => one.id === id && types.includes(one.type),
		).length;
	}
}
