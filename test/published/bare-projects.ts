/** Projects as people have them before `npx tidings init`: their files, as text. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const PROJECTS = {
	/** A folder without a file. */
	empty: {},

	/** A Hono API as `npm create cloudflare` starts it, with comments. */
	"my-hono": {
		"package.json": `{
  "name": "my-hono",
  "type": "module",
  "scripts": {
    "dev": "wrangler dev"
  },
  "dependencies": {
    "hono": "^4.0.0"
  },
  "devDependencies": {
    "wrangler": "^4.0.0"
  }
}
`,
		"wrangler.jsonc": `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "my-hono",
  "main": "src/index.ts",
  "compatibility_date": "2026-05-01", // From the template.
  // "compatibility_flags": [
  //   "nodejs_compat"
  // ],
  "vars": {
    "GREETING": "hi" // Shown at the path /.
  },
  /* Databases
     come later. */
  "kv_namespaces": [
    { "binding": "CACHE",   "id": "0123456789abcdef0123456789abcdef" },
  ],
  "observability": { "enabled": true }
}
`,
		"src/index.ts": `import { Hono } from 'hono'

type Bindings = {
  CACHE: KVNamespace
  GREETING: string
}

const app = new Hono<{ Bindings: Bindings }>()

app.get('/', (c) => c.text(c.env.GREETING))

export default app
`,
		".gitignore": "node_modules\n.dev.vars*\n",
		".dev.vars": "SECRET=1",
	},

	/** JavaScript with a Durable Object, its migrations, and a queue of its own. */
	rooms: {
		"package.json": '{ "name": "rooms", "private": true }\n',
		"wrangler.toml": `#:schema node_modules/wrangler/config-schema.json
name = "rooms" # Also the name of the repository.
main = "src/index.js"
compatibility_date = "2026-01-15"
compatibility_flags = [ "nodejs_compat" ] # For the driver.

[[durable_objects.bindings]]
name = "ROOM"
class_name = "Room"

[[migrations]]
tag = "v1"
new_sqlite_classes = [ "Room" ]

# Mails that wait.
[[queues.producers]]
binding = "MAILS"
queue = "mails"

[[queues.consumers]]
queue = "mails"
max_batch_size = 5 # The limit of the provider.
`,
		"src/index.js": `// The rooms.
import { DurableObject } from "cloudflare:workers";

export class Room extends DurableObject {}

const handlers = {
	async fetch(_request, env) {
		await env.MAILS.send("a mail");
		return new Response("rooms");
	},
	async queue(batch) {
		console.log("own batch of", batch.queue);
	},
};

export default handlers;
`,
	},

	/** A Worker with a cron of its own. */
	nightly: {
		"wrangler.toml": `name = "nightly"
main = "src/worker.ts"
compatibility_date = "2026-01-15"

[triggers]
crons = ["0 3 * * *"] # At night.
`,
		"src/worker.ts": `export default {
	async fetch(): Promise<Response> {
		return new Response("nightly");
	},
	async scheduled(event) {
		console.log("own scheduled at", event.cron);
	},
} satisfies ExportedHandler;
`,
	},
} as const satisfies Record<string, Record<string, string>>;

export type ProjectName = keyof typeof PROJECTS;

/** Writes the files of a project into a folder of its name. Returns the path of that folder. */
export function writeProject(
	parent: string,
	name: ProjectName,
	more: Record<string, string> = {},
): string {
	const folder = join(parent, name);
	mkdirSync(folder, { recursive: true });
	for (const [path, text] of Object.entries({ ...PROJECTS[name], ...more })) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	}
	return folder;
}
