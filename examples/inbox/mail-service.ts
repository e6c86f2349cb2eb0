/**
 * Plays an outside service, of mail or of a calendar, that knows nothing of Tidings: it is told of one webhook by
 * `PUT /webhook` and forgets it by `DELETE /webhook`, and calls it for each thing that happens there.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** How a webhook is called. */
export type Post = (
	url: string,
	init: { method: "POST"; headers: Record<string, string>; body: string },
) => Promise<{ status: number; text(): Promise<string> }>;

export class OutsideService {
	/** Where it calls, while somebody wants to be called. */
	webhook: string | undefined;
	/** How often it was told of a webhook, and how often it was told to forget it. */
	readonly asked = { put: 0, delete: 0 };
	readonly #server: Server;
	readonly #post: Post;

	/** @param told is told of what it is asked */
	constructor(post: Post, told: (text: string) => void) {
		this.#post = post;
		this.#server = createServer(async (request, response) => {
			const status = await this.#answer(request).catch(() => 400);
			if (status === 204) told(`${request.method} /webhook`);
			response.writeHead(status).end();
		});
	}

	/** Answers with the URL that it listens at. */
	async listen(): Promise<string> {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#server.listen(0, "127.0.0.1", resolve);
		await promise;
		const { port } = this.#server.address() as AddressInfo;
		return `http://127.0.0.1:${port}`;
	}

	close(): void {
		this.#server.closeAllConnections();
		this.#server.close();
	}

	/**
	 * Calls the webhook. Under the same id it is the same delivery, sent once more as such services do when they
	 * got no answer.
	 *
	 * @param url another one than it was told of
	 */
	async deliver(
		id: string,
		content: object,
		url = this.webhook,
	): Promise<{ status: number; body: { id?: string } }> {
		if (url === undefined) throw new Error("nobody wants to be called");
		const response = await this.#post(url, {
			method: "POST",
			headers: { "content-type": "application/json", "webhook-id": id },
			body: JSON.stringify(content),
		});
		return { status: response.status, body: JSON.parse(await response.text()) };
	}

	async #answer(request: IncomingMessage): Promise<number> {
		if (request.url !== "/webhook") return 404;
		switch (request.method) {
			case "PUT":
				this.webhook = JSON.parse(await text(request)).url;
				this.asked.put += 1;
				return 204;
			case "DELETE":
				this.webhook = undefined;
				this.asked.delete += 1;
				return 204;
			default:
				return 405;
		}
	}
}
