/** `GET /v1/doctor`: reports errors of configuration and deployment, and the Worker's clock. */
import type { Hono } from "hono";
import { diagnose } from "../../doctor/diagnose.ts";
import type { Ports } from "../../ports.ts";
import { Diagnosis } from "./openapi/operating-answers.ts";
import { type Http, route } from "./operation.ts";

export function doctorRoute(app: Hono<Http>, ports: Ports): void {
	route(app, "/v1/doctor", {
		GET: {
			id: "diagnose",
			summary: "Reports errors of configuration, and the Worker's clock",
			access: "read",
			answers: { 200: Diagnosis },
			async answer(context) {
				const findings = await diagnose(ports);
				return context.json({ time: ports.clock(), findings });
			},
		},
	});
}
