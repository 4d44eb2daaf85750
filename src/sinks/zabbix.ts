export { zabbix } from './zabbix/sink.ts'
export type { ZabbixOptions, ZabbixSink, ZabbixStats } from './zabbix/sink.ts'
