/** A route for tests, with the defaults of the schema. */

import { configSchema, type RouteConfig } from '../schema.ts';

type RouteInput = Parameters<typeof configSchema.shape.routes.element.parse>[0];

export function routeConfig(route: RouteInput): RouteConfig {
  return configSchema.shape.routes.element.parse(route);
}
