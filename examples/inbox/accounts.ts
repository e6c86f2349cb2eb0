/** Accounts for every request, event and stored file of the demo. It shares no code with the product that it checks. */
import type { Transition } from "tidings";

export class Accounts {
	/** Ids of the events that external services have a receipt for, with a description. */
	readonly #receipts = new Map<string, string>();
	readonly #repeated: string[] = [];
	readonly #expected: string[] = [];
	#unwanted = 0;
	#transitions: Transition[] = [];
	#stored: string[] = [];

	note(transition: Transition): void {
		this.#transitions.push(transition);
	}

	/** Records the paths in the bucket. */
	compare(paths: string[]): void {
		this.#stored = paths.toSorted();
	}

	isStored(path: string): boolean {
		return this.#stored.includes(path);
	}

	/**
	 * Records a webhook request that was answered with 202.
	 *
	 * @param path the file that a subscriber stores for it; undefined if it has no subscriber
	 */
	accept(id: string, what: string, path?: string): void {
		this.#receipts.set(id, what);
		if (path === undefined) this.#unwanted += 1;
		else this.#expected.push(path);
	}

	/** Records a redelivery. @throws Error if it was stored as another event */
	acceptAgain(id: string): void {
		if (!this.#receipts.has(id))
			throw new Error(`${id}: the redelivery was stored as another event`);
		this.#repeated.push(id);
	}

	missing(): string[] {
		const sent = this.#sent();
		const ignored = sent.filter((id) => this.#ends(id, "ignored") > 0);
		return [
			...[...this.#receipts].flatMap(([id, what]) =>
				this.#ends(id, "delivered") === 1
					? []
					: `${what}: handled ${this.#ends(id, "delivered")} times`,
			),
			...(sent.length === this.#receipts.size
				? []
				: [
						`${this.#receipts.size} requests were stored, but ${sent.length} events sent`,
					]),
			...sent
				.filter((id) => this.#ends(id, "delivered", "ignored") !== 1)
				.map((id) => `${id}: sent, but not delivered exactly once`),
			...(ignored.length === this.#unwanted
				? []
				: [`${ignored.length} had no subscriber, not ${this.#unwanted}`]),
			...this.#expected
				.filter((path) => !this.isStored(path))
				.map((path) => `${path}: not stored`),
			...this.#stored
				.filter((path) => !this.#expected.includes(path))
				.map((path) => `${path}: stored, but it has no subscriber`),
		];
	}

	summary(): string {
		const sent = this.#sent();
		const delivered = sent.filter((id) => this.#ends(id, "delivered") > 0);
		return [
			...this.#stored.map((path) => `kept: ${path}`),
			"",
			`${this.#receipts.size} webhook requests were stored and handled, ${this.#repeated.length} was redelivered and changed nothing.`,
			`${sent.length} events were sent: ${delivered.length} delivered, ${this.#unwanted} without subscribers; ${this.#stored.length} files are kept, and nothing is missing.`,
		].join("\n");
	}

	/** Ids of the apps' own events. */
	#sent(): string[] {
		const sent = this.#transitions.flatMap(({ type, id }) =>
			type === "published" || type === "scheduled" ? id : [],
		);
		return sent.filter((id) => !this.#receipts.has(id));
	}

	#ends(id: string, ...types: Transition["type"][]): number {
		return this.#transitions.filter(
			(one) => one.id === id && types.includes(one.type),
		).length;
	}
}
