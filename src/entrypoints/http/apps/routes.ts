/** The part of the HTTP API that only a Worker with apps has: tools, subscriptions and webhooks. */
import type { Hono } from "hono";
import type { AppPorts } from "../../../apps/app-ports.ts";
import type { Caller } from "../keys.ts";
import type { Http } from "../operation.ts";
import { hookRoutes } from "./hooks.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { toolRoutes } from "./tools.ts";
import { userOf } from "./users.ts";

export interface AppRoutes {
	/** Identifies the caller of `/v1/apps` or `/v1/subscriptions`: a user, or an API key. @throws as `userOf` */
	identify(request: Request): Promise<Caller>;
	register(api: Hono<Http>): void;
}

export function appRoutes(ports: AppPorts): AppRoutes {
	return {
		identify: (request) => userOf(request, ports),
		register(api) {
			subscriptionRoutes(api, ports);
			toolRoutes(api, ports);
			hookRoutes(api, ports);
		},
	};
}
