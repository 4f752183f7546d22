// jTDS and sqlite-jdbc, in batches. date_class: else dates become numbers;
// useLOBs: else long texts become the names of objects.
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Collections;

public class JtdsSqlite {
  static String env(String name) { return System.getenv("BENCH_" + name); }

  public static void main(String[] args) throws Exception {
    Class.forName("net.sourceforge.jtds.jdbc.Driver");
    try (Connection source = DriverManager.getConnection(
             "jdbc:jtds:sqlserver://" + env("HOST") + ":" + env("PORT") + "/"
                 + env("DATABASE") + ";useLOBs=false",
             env("USER"), env("PASSWORD"));
         Statement query = source.createStatement();
         ResultSet rows = query.executeQuery(env("QUERY"));
         Connection target = DriverManager.getConnection(
             "jdbc:sqlite:" + env("TARGET") + "?date_class=TEXT")) {
      int n = rows.getMetaData().getColumnCount();
      target.setAutoCommit(false);
      try (Statement empty = target.createStatement()) {
        empty.executeUpdate("DELETE FROM orders");
      }
      String marks = String.join(",", Collections.nCopies(n, "?"));
      try (PreparedStatement insert =
               target.prepareStatement("INSERT INTO orders VALUES(" + marks + ")")) {
        for (int row = 1; rows.next(); row++) {
          for (int i = 1; i <= n; i++) insert.setObject(i, rows.getObject(i));
          insert.addBatch();
          if (row % 1000 == 0) insert.executeBatch();
        }
        insert.executeBatch();
      }
      target.commit();
    }
  }
}
