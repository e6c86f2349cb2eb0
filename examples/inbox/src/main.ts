/** The Worker with the three apps. It owns their events, stores their subscriptions and runs their code. */
import { env } from "cloudflare:workers";
import { createEvents, defineConfig } from "tidings";
import { apps } from "tidings/apps";
import { publisher, worker } from "tidings/worker";
import { trace } from "../../shop/owner/trace.ts";
import { calendar } from "../calendar/app.ts";
import { email } from "../email/app.ts";
import { inbox } from "../inbox/app.ts";

const { AUTH_SECRET, PUBLIC_URL } = env as unknown as {
	/** The secret that the organization signs its users' tokens with. */
	AUTH_SECRET: string;
	/** The public URL of this Worker: webhook URLs begin with it. */
	PUBLIC_URL: string;
};

export const config = defineConfig({
	url: PUBLIC_URL,
	issuers: {
		"@my-org/auth": {
			issuer: "https://auth.my-org.example",
			audience: "inbox",
			secret: AUTH_SECRET,
		},
	},
});

const events = createEvents({ apps: [email, calendar, inbox], observe: trace });

export default worker(events, { config, apps: apps() });
export const Publisher = publisher(events);
export * from "tidings/objects";
