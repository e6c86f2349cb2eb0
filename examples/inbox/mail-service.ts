/**
 * Plays an external mail or calendar service that does not know Tidings. `PUT /webhook` registers one webhook,
 * `DELETE /webhook` removes it. The service calls the webhook for each of its events.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Sends a request to a webhook. */
export type Post = (
	url: string,
	init: { method: "POST"; headers: Record<string, string>; body: string },
) => Promise<{ status: number; text(): Promise<string> }>;

export class OutsideService {
	/** The registered webhook, if any. */
	webhook: string | undefined;
	/** The number of registrations and removals. */
	readonly asked = { put: 0, delete: 0 };
	readonly #server: Server;
	readonly #post: Post;

	/** @param log gets a line for each registration and removal */
	constructor(post: Post, log: (text: string) => void) {
		this.#post = post;
		this.#server = createServer(async (request, response) => {
			const status = await this.#answer(request).catch(() => 400);
			if (status === 204) log(`${request.method} /webhook`);
			response.writeHead(status).end();
		});
	}

	/** Starts to listen and returns the URL. */
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
	 * Calls the webhook. A second call with the same id is a redelivery, as services make when they got no answer.
	 *
	 * @param url default: the registered webhook
	 */
	async deliver(
		id: string,
		content: object,
		url = this.webhook,
	): Promise<{ status: number; body: { id?: string } }> {
		if (url === undefined) throw new Error("no webhook is registered");
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
