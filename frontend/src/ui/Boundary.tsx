import { Component, type ReactNode } from "react";

import { Failure } from "./Failure";

interface BoundaryProps {
  children: ReactNode;
  retry: () => void;
}

/** Keeps a panel that cannot be drawn from taking the page with it. */
export class Boundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <Failure
        title="This panel could not be drawn"
        error={this.state.error}
        retry={() => {
          this.setState({ error: null });
          this.props.retry();
        }}
      />
    );
  }
}
