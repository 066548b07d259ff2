import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type Meta = Schemas["Meta"];
export type Realtime = Schemas["Fresh_Realtime"];
export type TrendingList = Schemas["Fresh_Listed_Trending"];
export type Trending = TrendingList["data"][number];
export type RegionList = Schemas["Fresh_Listed_Region"];
export type Region = RegionList["data"][number];
export type HealthStatus = Schemas["HealthStatus"];
export type DeviceList = Schemas["Fresh_Listed_Device"];
export type Device = DeviceList["data"][number];
export type Timeseries = Schemas["Fresh_Timeseries"];
export type Point = Schemas["Point"];
export type AlertList = Schemas["Fresh_Alerts"];
export type Alert = Schemas["Alert"];
export type StreamList = Schemas["Streams"];
export type Stream = Schemas["Stream"];
export type RollupColumns = Schemas["RollupColumns"];
export type RollupRows = Schemas["RollupAnswer"];
export type WindowState = Schemas["WindowState"];
export type ProblemBody = Schemas["Problem"];

/** What every answer says about itself. */
export interface Answer {
  meta: Meta;
}

/** One push: all panels of one moment. Where downloads are not served, the alerts alone. */
export type Snapshot = Schemas["Fresh_Dashboard"];
