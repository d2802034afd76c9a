import { DecisionWindow } from '../decisions/decision-window.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { type FeatureWindows, miningSettings } from './feature-windows.ts';
import { WindowCases } from './window-cases.ts';

/** @param windows absent: 4 h for signals, 24 h for sequences */
export const composeWindowCases = (
  tables: { readonly decisions: Table; readonly state: Table },
  windows?: FeatureWindows,
): WindowCases =>
  new WindowCases(
    new DecisionWindow(tables.decisions),
    new SeenSignals(tables.state),
    miningSettings(windows),
  );
