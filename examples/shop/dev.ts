/**
 * `npm run dev`: runs both Workers of the shop for development, with a local API key, and prints each transition in
 * the terminal. Changed files are reloaded at once. Ctrl-C stops both.
 */
import "./local/quiet.ts";
import { once } from "node:events";
import { join } from "node:path";
import { styleText } from "node:util";
import { unstable_startWorker as startWorker } from "wrangler";
import { Lines } from "../../cli/timeline/lines.ts";
import { timeOfDay } from "../../cli/timeline/narrate.ts";
import { LOCAL_API_KEYS, LOCAL_KEY } from "./local/key.ts";
import { freePort } from "./local/port.ts";
import { type Log, Printer } from "./local/printer.ts";

// The runtime stops with this process, however it exits.
process.on("SIGINT", () => process.exit(0));

const printer = new Printer(new Lines(timeOfDay));
setInterval(() => printer.print(), 50);

const ownerPort = await freePort(8787);
const storefrontPort = await freePort(Math.max(8788, ownerPort + 1));
const owner = await start("owner", ownerPort, {
	API_KEYS: { type: "secret_text", value: LOCAL_API_KEYS },
	TIDINGS_LOCAL: { type: "plain_text", value: "durable" },
});
const storefront = await start("storefront", storefrontPort);

const json = "-H 'content-type: application/json'";
const key = `-H 'authorization: Bearer ${LOCAL_KEY}'`;
console.log(`
${styleText("bold", "shop-owner")}       ${owner}
${styleText("bold", "shop-storefront")}  ${storefront}

Look at the events:
  ${styleText("bold", `${owner}/`)}
Order at the storefront:
  curl ${storefront}/orders ${json} -d '{"email":"ada@example.com","total":42.5}'
Publish over HTTP:
  curl ${owner}/v1/events ${key} ${json} -d '{"name":"order.placed","body":{"orderId":"o-1","email":"ada@example.com","total":42.5}}'
Read the dead letters:
  curl ${owner}/v1/dead-letters ${key}

Events, retries and dead letters survive reloads and restarts.
`);

/** Starts a Worker of the shop and returns its URL. */
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
			// The Workers find each other through this registry. An error that crosses between two processes loses its class.
			registry: join(import.meta.dirname, ".wrangler", "registry"),
			structuredLogsHandler: (log: Log) => void printer.read(log),
		},
	});
	// wrangler continues to watch after a failed build, unless it was the first one.
	const giveUp = () => {
		console.error(`${name} could not be built: fix the error and start again.`);
		process.exit(1);
	};
	worker.raw.once("buildFailed", giveUp);
	await Promise.all([worker.ready, once(worker.raw, "reloadComplete")]);
	worker.raw.off("buildFailed", giveUp);
	worker.raw.on("reloadComplete", () => printer.remark(`${name} is reloaded`));
	return (await worker.url).origin;
}
