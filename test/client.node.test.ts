/** `tidings/client` by its public name, in a Node process of its own, with nothing of Workers there. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = `
import { createClient, RefusedError } from "tidings/client";
const client = createClient({ url: process.argv[1], key: "tid_a_b" });
console.log(JSON.stringify(await client.publish("order.placed", { after: "1 day" }, { at: new Date(0) })));
await client.publish("order.placed", 1n).catch((error) => console.log(error instanceof RefusedError, error.code));
`;

test("a plain Node program imports tidings/client and publishes through it", async () => {
	const requests: unknown[] = [];
	const server = createServer(async (request, response) => {
		let text = "";
		for await (const chunk of request) text += chunk;
		const { method, url, headers } = request;
		const { authorization } = headers;
		requests.push({ method, url, authorization, body: JSON.parse(text) });
		response
			.writeHead(202, { "content-type": "application/json" })
			.end('{"id":"e1","time":1,"delay":2}');
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	try {
		const { stdout } = await promisify(execFile)(
			process.execPath,
			["--input-type=module", "-e", program, `http://127.0.0.1:${port}/`],
			{ cwd: new URL("..", import.meta.url).pathname },
		);
		expect(stdout).toBe('{"id":"e1","time":1,"delay":2}\ntrue invalid_body\n');
	} finally {
		server.close();
	}
	expect(requests).toEqual([
		{
			method: "POST",
			url: "/v1/events",
			authorization: "Bearer tid_a_b",
			body: {
				name: "order.placed",
				body: { at: "1970-01-01T00:00:00.000Z" },
				after: "1 day",
			},
		},
	]);
});
