/**
 * `npm run dev`: runs both shop Workers for development, with a key at hand, and tells each event's way in the
 * terminal. A change of a file is loaded at once. Ctrl-C ends both.
 */
import "./local/quiet.ts";
import { once } from "node:events";
import { join } from "node:path";
import { styleText } from "node:util";
import { unstable_startWorker as startWorker } from "wrangler";
import { LOCAL_API_KEYS, LOCAL_KEY } from "./local/key.ts";
import { Lines } from "./local/lines.ts";
import { timeOfDay } from "./local/narrate.ts";
import { freePort } from "./local/port.ts";
import { type Log, Teller } from "./local/teller.ts";

// The runtime ends with this process, whichever way it ends.
process.on("SIGINT", () => process.exit(0));

const teller = new Teller(new Lines(timeOfDay));
setInterval(() => teller.tell(), 50);

const ownerPort = await freePort(8787);
const storefrontPort = await freePort(Math.max(8788, ownerPort + 1));
const owner = await start("owner", ownerPort, {
	API_KEYS: { type: "secret_text", value: LOCAL_API_KEYS },
});
const storefront = await start("storefront", storefrontPort);

const json = "-H 'content-type: application/json'";
const key = `-H 'authorization: Bearer ${LOCAL_KEY}'`;
console.log(`
${styleText("bold", "shop-owner")}       ${owner}
${styleText("bold", "shop-storefront")}  ${storefront}

Order at the storefront:
  curl ${storefront}/orders ${json} -d '{"email":"ada@example.com","total":42.5}'
Publish over HTTP:
  curl ${owner}/v1/events ${key} ${json} -d '{"name":"order.placed","body":{"orderId":"o-1","email":"ada@example.com","total":42.5}}'
Read the dead letters:
  curl ${owner}/v1/dead-letters ${key}

A reload forgets what waits in the queues, here and not when deployed; what is scheduled or dead stays.
`);

/** Starts a Worker of the shop, and answers with its URL. */
async function start(
	name: string,
	port: number,
	bindings: NonNullable<Parameters<typeof startWorker>[0]["bindings"]> = {},
): Promise<string> {
	const worker = await startWorker({
		config: join(import.meta.dirname, name, "wrangler.toml"),
		bindings,
		dev: {
			server: { hostname: "localhost", port },
			inspector: { port: 0 },
			watch: true,
			// How the Workers find each other. Here alone, an error that crosses between them loses its class.
			registry: join(import.meta.dirname, ".wrangler", "registry"),
			structuredLogsHandler: (log: Log) => void teller.hear(log),
		},
	});
	// wrangler goes on watching after a failed build, but not when it was the first.
	const giveUp = () => {
		console.error(`${name} was not built: mend it and start again.`);
		process.exit(1);
	};
	worker.raw.once("buildFailed", giveUp);
	await Promise.all([worker.ready, once(worker.raw, "reloadComplete")]);
	worker.raw.off("buildFailed", giveUp);
	worker.raw.on("reloadComplete", () => teller.remark(`${name} is reloaded`));
	return (await worker.url).origin;
}
